/* SPDX-License-Identifier: MIT */
/*
 * Random numbers from a seed, so that a run can be repeated. Source: splitmix64, G. Steele,
 * D. Lea, C. Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
 */
#ifndef LOADTEST_DICE_H
#define LOADTEST_DICE_H

#include <stdint.h>

struct dice {
    uint64_t state;
};

/* Stream number `stream` of a seed: each client has its own. */
struct dice dice_make(uint64_t seed, uint64_t stream);

uint64_t dice_next(struct dice *dice);

/* 0 .. bound-1; bound > 0. */
uint64_t dice_below(struct dice *dice, uint64_t bound);

#endif
