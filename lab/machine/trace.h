/* SPDX-License-Identifier: MIT */
/*
 * What happened in a seeded run, step by step: which lane (coroutine) did what to which cell, what
 * it takes the cells to be, and what they are. Filled in by the accesses of cells and by the
 * runtime's observer. One at a time; outside of a seeded run all of it does nothing.
 */
#ifndef LAB_MACHINE_TRACE_H
#define LAB_MACHINE_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coro/schedule.h"

struct cell;

enum { TRACE_TEXT = 64, TRACE_CELLS = 16, TRACE_LANES = 40, TRACE_STEPS_MAX = 4000 };

#define TRACE_VERB_MAP(X)                                                                          \
    X(START, "start")                                                                              \
    X(READ, "read")                                                                                \
    X(CHECK, "check")                                                                              \
    X(WRITE, "write")                                                                              \
    X(LOCK, "lock")                                                                                \
    X(UNLOCK, "unlock")                                                                            \
    X(WAIT, "wait")                                                                                \
    X(SEND, "send")                                                                                \
    X(RECEIVE, "receive")                                                                          \
    X(PARK, "park")                                                                                \
    X(WAKE, "wake")                                                                                \
    X(RETRY, "retry")                                                                              \
    X(ANSWER, "answer")                                                                            \
    X(END, "end")

enum trace_verb {
#define X(symbol, name) TRACE_##symbol,
    TRACE_VERB_MAP(X)
#undef X
};
const char *trace_verb_name(enum trace_verb verb);

struct trace_step {
    int lane; /* from 1 */
    enum trace_verb verb;
    const char *on; /* the cell, lock or channel; NULL: none */
    int64_t value;
    bool has_value;
    bool switched;    /* the schedule chose this lane here though another one's turn was usual */
    bool wrong;       /* here the promise broke */
    bool stale;       /* a change by a lane that took some cell to be what it was not */
    const char *file; /* NULL: unknown */
    int line;
    char text[TRACE_TEXT];
    uint32_t known; /* bit i: this lane believes something about cell i, believes[i] */
    int64_t believes[TRACE_CELLS], truth[TRACE_CELLS];
};

enum trace_state { TRACE_FRESH, TRACE_RUNS, TRACE_PARKED, TRACE_WOKEN, TRACE_ENDED };

struct trace_lane {
    char name[TRACE_TEXT];
    enum trace_state state;
    const char *why;       /* it is parked */
    const void *waits_for; /* the object; NULL: none */
    uint32_t known;        /* as in a step */
    int64_t believes[TRACE_CELLS];
};

struct trace_object { /* a lock or a channel, by the order of its first mention */
    const void *object;
    char name[TRACE_TEXT];
    int holder; /* the lane that has locked it; 0: none */
};

struct trace {
    bool records; /* steps, too; else only how the lanes stand */
    struct cell *cells;
    int cell_count;
    int lane_count;                           /* lanes 1 to this one */
    struct trace_lane lanes[TRACE_LANES + 1]; /* 0 is the run's own coroutine: not shown */
    struct trace_object objects[TRACE_LANES * 2];
    int object_count;
    struct trace_step *steps; /* owned */
    size_t step_count, step_room;
    bool cut;     /* more happened than there was room for */
    int switched; /* the lane that a switch chose, until its next step; 0: none */
    bool stale;   /* the change that comes next is one */
};

/* From now on into this one, which has been zeroed or used before; NULL: into none. */
void trace_begin(struct trace *trace, bool records, struct cell *cells, int cell_count);
void trace_end(void);
void trace_free(struct trace *trace);
bool trace_is_on(void); /* and records */

/* For schedule.observe. */
void trace_observe(const struct co_schedule_event *event, void *arg);

/* Names, for the reports: of a lock (as a mutex's guard) and of a lane. */
void trace_name(const void *object, const char *name);
void trace_name_lane(uint32_t lane, const char *name);

/* Something that the calling lane does. */
struct trace_note {
    enum trace_verb verb;
    const struct cell *cell;    /* NULL: none */
    const struct co_site *site; /* NULL: where the lane passed a mark last */
    const char *text;
    int64_t value;
    bool has_value;
    bool learns; /* from here on the lane takes the cell to be `value` */
};
void trace_step(const struct trace_note *note);
void trace_before_change(const struct cell *cell);

/* The same of a lane by its number, for lanes that the runtime does not schedule: `note` is of what
 * it does. The step, until the next one is made; NULL: none was. */
struct trace_step *trace_add(uint32_t lane, const struct trace_note *note);
void trace_forget(uint32_t lane); /* it takes no cell to be anything any more */
void trace_hold(
    struct trace *trace, const void *object, const char *name, int lane); /* it has it */

/* Is there a lane that is neither parked nor at its end? */
bool trace_is_busy(void);

/* The lanes of a deadlock's cycle, in its order, into lanes[TRACE_LANES]; how many, 0: none. And
 * the object that keeps the i-th of them waiting. */
int trace_cycle(const struct trace *trace, int *lanes);
const struct trace_object *trace_awaited(const struct trace *trace, int lane);

#endif
