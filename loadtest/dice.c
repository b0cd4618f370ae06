/* SPDX-License-Identifier: MIT */
/* SplitMix64: a seed and a stream give the same numbers everywhere, so that a run can be
 * repeated. */
#include "loadtest/dice.h"

__extension__ typedef unsigned __int128 wide;

uint64_t dice_next(struct dice *dice)
{
    uint64_t z = dice->state += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

struct dice dice_make(uint64_t seed, uint64_t stream)
{
    struct dice dice = {.state = seed};
    /* Streams of one seed start far from each other. */
    dice.state = dice_next(&dice) ^ (stream * 0xd1342543de82ef95);
    return dice;
}

/* The high half of a product: the bias is below bound / 2^64, which no run can see. */
uint64_t dice_below(struct dice *dice, uint64_t bound)
{
    return (uint64_t)(((wide)dice_next(dice) * bound) >> 64);
}
