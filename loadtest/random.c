/* SPDX-License-Identifier: MIT */
#include "loadtest/random.h"

__extension__ typedef unsigned __int128 wide;

uint64_t random_next(struct random *random)
{
    uint64_t z = random->state += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

struct random random_make(uint64_t seed, uint64_t stream)
{
    struct random random = {.state = seed};
    random.state = random_next(&random) ^ (stream * 0xd1342543de82ef95);
    return random;
}

/* The high half of a product: the bias is below bound / 2^64, which no run can see. */
uint64_t random_below(struct random *random, uint64_t bound)
{
    return (uint64_t)(((wide)random_next(random) * bound) >> 64);
}
