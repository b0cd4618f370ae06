/* SPDX-License-Identifier: MIT */
/* splitmix64: G. L. Steele, D. Lea, C. H. Flood, "Fast splittable pseudorandom number generators",
 * OOPSLA 2014. */
#include "coro/random.h"

#include "coro/sched_private.h"

static _Thread_local uint64_t foreign_state; /* of threads that are not workers */

CO_UNSANITIZED uint64_t co_random_of(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

CO_UNSANITIZED uint64_t co_random_next(void)
{
    struct co_worker *worker = co_worker_self();
    return co_random_of(worker ? &worker->random : &foreign_state);
}

uint32_t co_random_below(uint32_t n)
{
    return (uint32_t)(((co_random_next() >> 32) * n) >> 32);
}
