/* SPDX-License-Identifier: MIT */
/*
 * Random numbers from a seed, so that a run can be repeated. Source: splitmix64, G. Steele,
 * D. Lea, C. Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
 */
#ifndef LOADTEST_RANDOM_H
#define LOADTEST_RANDOM_H

#include <stdint.h>

struct random {
    uint64_t state;
};

/* Stream number `stream` of a seed: each client has its own. */
struct random random_make(uint64_t seed, uint64_t stream);

uint64_t random_next(struct random *random);

/* 0 .. bound-1; bound > 0. */
uint64_t random_below(struct random *random, uint64_t bound);

#endif
