/* SPDX-License-Identifier: MIT */
/*
 * Seeded runs: one worker, a virtual clock, and every choice (who runs next, which select case, how
 * fast time passes) drawn from a seed. The same seed gives the same run, so a fault that one seed
 * in a thousand shows can be looked at as often as one likes.
 *
 * Whoever calls something that may park can be preempted there, and at schedule_point(). Time
 * jumps to the next timer when nothing else can happen.
 */
#ifndef CORO_SCHEDULE_H
#define CORO_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

enum schedule_strategy {
    SCHEDULE_RANDOM, /* each of the ready ones equally likely, at every point */
    /* Priorities, of which `depth` - 1 change at random points: finds a fault that takes `depth`
     * ordered steps with a probability of at least 1 / (coroutines * steps^(depth - 1)).
     * S. Burckhardt et al., "A randomized scheduler with probabilistic guarantees of finding
     * bugs", ASPLOS 2010. After `steps` points it goes on as SCHEDULE_RANDOM, for the sake of
     * loops that wait for others. */
    SCHEDULE_PCT,
};

struct schedule {
    enum schedule_strategy strategy;
    uint64_t seed;
    int depth;       /* PCT: 1 to 8 */
    uint64_t steps;  /* PCT: about as many as a run has points; 0: 1,000 */
    int trace_fd;    /* above 0: a line for each choice is written there */
    bool quiet;      /* do not list leaks and deadlocks on stderr */
    uint64_t taken;  /* out: points passed */
    uint64_t hash;   /* out: of all choices: two runs with one hash went the same way */
    bool deadlocked; /* out: the run ended so; what was alive counts as leaked */
};

/* A place where another coroutine may be scheduled in a seeded run; nothing in others. For code
 * that uses atomics. */
void schedule_point(void);

#endif
