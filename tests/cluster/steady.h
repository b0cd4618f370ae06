/* SPDX-License-Identifier: MIT */
/* Clients that ask one teller, and take no answer but a good one: of how many payments the first
 * answer was another is counted. For what must not be noticed, as a hand-over. */
#ifndef TESTS_CLUSTER_STEADY_H
#define TESTS_CLUSTER_STEADY_H

#include <stdatomic.h>

#include "coro/waitgroup.h"
#include "tests/service/history.h"

enum { STEADY_CLIENTS = 4 };

struct steady {
    const struct target *target;
    struct history histories[STEADY_CLIENTS];
    struct key_source keys[STEADY_CLIENTS];
    _Atomic int joined;
    _Atomic bool stop;
    _Atomic long asked, failed; /* failed: first answers that were not good */
    struct co_waitgroup running;
};

void steady_make(struct steady *steady, unsigned long seed);
void steady_free(struct steady *steady);

/* From here on they ask that one; returns when each has had an answer. */
void steady_begin(struct steady *steady, const struct target *target);
void steady_end(struct steady *steady);

#endif
