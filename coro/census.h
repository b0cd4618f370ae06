/* SPDX-License-Identifier: MIT */
/*
 * A census: what coroutines there are, and what they wait on, counted in groups. The others go on
 * meanwhile, so the figures need not be of one moment; nobody pays for it but whoever asks.
 */
#ifndef CORO_CENSUS_H
#define CORO_CENSUS_H

#include <stddef.h>
#include <stdint.h>

#include "coro/language.h"

CO_C_BEGIN

enum { CO_CENSUS_GROUPS = 64 };

struct co_census_group { /* of coroutines that wait; texts are static */
    const char *name;    /* as they were spawned */
    const char *why;     /* what they wait on: "mutex" */
    uint32_t count;
    int64_t longest_ns; /* how long one of them has waited so far, by a coarse clock */
};

struct co_census {
    uint32_t alive, fresh, ready, running, waiting; /* the first is the sum of the others */
    size_t count;
    struct co_census_group groups[CO_CENSUS_GROUPS]; /* the largest first */
    uint32_t others;                                 /* that wait, and found no group */
};

/* Count all coroutines, the caller's included. From any coroutine; yields now and then. */
void co_census_take(struct co_census *census);

CO_C_END

#endif
