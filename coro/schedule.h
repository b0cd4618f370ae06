/* SPDX-License-Identifier: MIT */
/*
 * Seeded runs: one worker, a virtual clock, and every choice (who runs next, which select case, how
 * fast time passes) drawn from a seed. The same seed gives the same run, so a fault that one seed
 * in a thousand shows can be looked at as often as one likes.
 *
 * Whoever calls something that may park can be preempted there, and at co_schedule_point(). Time
 * jumps to the next timer when nothing else can happen.
 *
 * Each choice is at a point, counted from 1. There the usual one is whoever ran last, if it can go
 * on and does not yield; else the next one in the order of their numbers. What a run did otherwise,
 * its switches, is a short list that replays it.
 */
#ifndef CORO_SCHEDULE_H
#define CORO_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coro/co.h"
#include "coro/language.h"

CO_C_BEGIN

enum co_schedule_strategy {
    CO_SCHEDULE_RANDOM, /* each of the ready ones equally likely, at every point */
    /* Priorities, of which `depth` - 1 change at random points: finds a fault that takes `depth`
     * ordered steps with a probability of at least 1 / (coroutines * steps^(depth - 1)).
     * S. Burckhardt et al., "A randomized scheduler with probabilistic guarantees of finding
     * bugs", ASPLOS 2010. After `steps` points it goes on as CO_SCHEDULE_RANDOM, for the sake of
     * loops that wait for others. */
    CO_SCHEDULE_PCT,
    CO_SCHEDULE_REPLAY, /* the usual one, but for the choices that are listed */
};

/* At this point this one goes on. Coroutines are numbered in the order of their spawning in the
 * run; the first, which runs main(), is 0. A select with several cases is a point, too: there it is
 * the number of the case that is looked at first, usually 0. */
struct co_schedule_choice {
    uint32_t point, who;
};
#define CO_SCHEDULE_TIME UINT32_MAX /* as `who`: time passes, to the next timer */

enum co_schedule_kind {
    CO_SCHEDULE_SPAWNED, /* `co` is new */
    CO_SCHEDULE_RUNS,    /* it goes on; `switched`: though another one is the usual one */
    CO_SCHEDULE_PARKS,   /* `why`, and `object`: the lock of what it waits for, or NULL */
    CO_SCHEDULE_READIED, /* it is woken */
    CO_SCHEDULE_ENDED,
    CO_SCHEDULE_LOCKED, /* it has the mutex or rwmutex whose lock is `object` */
    CO_SCHEDULE_UNLOCKED,
    CO_SCHEDULE_SENT, /* something into the channel whose lock is `object`, or out of it */
    CO_SCHEDULE_RECEIVED,
};

struct co_schedule_event {
    enum co_schedule_kind kind;
    uint32_t co; /* its number */
    uint64_t point;
    const char *name; /* of the coroutine */
    const char *why;
    const void *object;
    const struct co_site *at; /* where it last passed a co_schedule_mark(); NULL: nowhere */
    bool switched;
};

struct co_schedule {
    enum co_schedule_strategy strategy;
    uint64_t seed;
    int depth;       /* PCT: 1 to 8 */
    uint64_t steps;  /* PCT: about as many as a run has points; 0: 1,000 */
    int trace_fd;    /* above 0: a line for each choice is written there */
    bool quiet;      /* do not list leaks and deadlocks on stderr */
    bool held;       /* while true there are no choices: whoever runs goes on until it parks */
    uint64_t limit;  /* a run with more points than that is stopped; 0: none is */
    uint64_t taken;  /* out: points passed */
    uint64_t hash;   /* out: of all choices: two runs with one hash went the same way */
    bool deadlocked; /* out: the run ended so; what was alive counts as leaked */
    bool endless;    /* out: it was stopped at the limit; the same */

    /* REPLAY: in the order of their points. One that cannot be followed is passed over. */
    const struct co_schedule_choice *choices;
    size_t choice_count;
    /* out: how this run differed from the usual, if `switches` has room for it. The count goes on
     * when there is none left. */
    struct co_schedule_choice *switches;
    size_t switch_room, switch_count;

    /* Told what happens, if not NULL: by the one that it happens to or that brings it about, on any
     * stack; must not park nor call what may. */
    void (*observe)(const struct co_schedule_event *event, void *arg);
    void *observe_arg;
};

/* A place where another coroutine may be scheduled in a seeded run; nothing in others. For code
 * that uses atomics. */
void co_schedule_point(void);

/* For the observer of a seeded run: from here on the caller is at this place of its code, and
 * `text`, a literal, says what it does there. In other runs it costs one branch. */
#define co_schedule_mark(text)                                                                     \
    (__builtin_expect(co_schedule_seeded, false) ? co_schedule_mark_at(CO_SITE(text)) : (void)0)
void co_schedule_mark_at(const struct co_site *site);
extern bool co_schedule_seeded; /* this is a seeded run; set by co_runtime_run() */

/* The number of the calling coroutine of a seeded run, as in struct co_schedule_choice. */
uint32_t co_schedule_number(void);

CO_C_END

#endif
