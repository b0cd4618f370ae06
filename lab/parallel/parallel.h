/* SPDX-License-Identifier: MIT */
/*
 * The same scenarios on all processors: no seed and no schedule, but as many clients as one likes,
 * and what came of it, added up. Each round makes the cells afresh, and each client asks once.
 */
#ifndef LAB_PARALLEL_PARALLEL_H
#define LAB_PARALLEL_PARALLEL_H

#include "lab/machine/trial.h"

enum { PARALLEL_ROUNDS_MAX = 100000, PARALLEL_DEADLOCKS_MAX = 3 };

struct parallel {
    int workers;
    uint64_t rounds, broken_rounds;
    uint64_t operations; /* asked for: succeeded + refused + failed + stuck */
    uint64_t succeeded, refused;
    uint64_t failed;    /* told of an error that is not their fault */
    uint64_t stuck;     /* in a deadlock: never told anything */
    int64_t lost, made; /* money that is gone, and that came from nowhere */
    uint64_t negative;  /* cells below 0 at the end of a broken round */
    uint64_t deadlocks, retries;
    int64_t spent_ns;           /* of all rounds, from their first client to the last */
    int64_t p99_ns;             /* of an operation, waits included */
    struct lab_verdict verdict; /* of the first round that broke the promise, else of the last */
};

/*
 * Rounds until that time is over, or PARALLEL_ROUNDS_MAX, or PARALLEL_DEADLOCKS_MAX of them ended
 * in a deadlock (which the runtime finds, without a clock, and ends); one at least. A strategy in
 * memory: outside of any runtime, each round has one of its own. One with a database: from a
 * coroutine, and the trial has a bench. False: memory is short, or the bench has failed.
 */
CO_MUST_CHECK bool parallel_run(struct trial *trial, int64_t time_ns, struct parallel *parallel);

#endif
