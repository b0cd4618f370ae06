/* SPDX-License-Identifier: MIT */
/* What the scheduler notes, and the rings that it is noted in. For the files of coro/ only. */
#ifndef CORO_TRACE_EVENTS_PRIVATE_H
#define CORO_TRACE_EVENTS_PRIVATE_H

#include "coro/sched_private.h"
#include "coro/trace_events.h"

/* Of one coroutine, in the order in which those of one moment come. */
enum co_trace_kind {
    CO_TRACE_SPAWN, /* text: its name; other: its parent, or 0 */
    CO_TRACE_MARK,  /* text: the program's own */
    CO_TRACE_PARK,  /* text: why */
    CO_TRACE_YIELD,
    CO_TRACE_END,
    CO_TRACE_READY, /* other: who readied it, or 0 */
    CO_TRACE_MOVE,  /* while it waits to run, to the worker that notes it; other: from which */
    CO_TRACE_RUN,   /* text: its name */
    CO_TRACE_CALL,  /* other: the thread of blocking calls that carries it out for it */
    CO_TRACE_CALLED,
    /* Of a worker. */
    CO_TRACE_TIMER,
    CO_TRACE_SLEEP,
    CO_TRACE_WAKE,
};

enum { CO_TRACE_KIND_BITS = 8 };

/* Written by one thread, read by others meanwhile: so each field is atomic. */
struct co_trace_event {
    _Atomic int64_t at_ns; /* on the real clock, also in a seeded run */
    _Atomic uint64_t co;   /* its id */
    _Atomic(const char *) text;
    _Atomic uint64_t what; /* other << CO_TRACE_KIND_BITS | kind */
};

/* Event n is in place n % room. Those below `first` are of an earlier recording. */
struct co_trace_ring {
    _Atomic uint64_t written, first;
    uint64_t room;
    struct co_lock lock;        /* of the ring that all other threads share */
    struct co_trace_ring *next; /* one that is not used any more */
    struct co_trace_event events[];
};

/* All there is, the threads that are no workers last. */
struct co_trace_rings {
    struct co_lock lock; /* of start, stop */
    int count;
    _Atomic(struct co_trace_ring *) ring[CO_WORKERS_MAX + 1];
    _Atomic(struct co_trace_ring *) others; /* NULL: it is off */
    struct co_trace_ring *retired;
};
extern struct co_trace_rings co_trace_rings;

/* runtime.c: CORO_TRACE; and when no worker runs any more. */
void co_trace_begin(void);
void co_trace_finish(void); /* write the file of CORO_TRACE, if it is asked for */
void co_trace_term(void);

void co_trace_note(struct co_worker *worker, enum co_trace_kind kind, const struct co *co,
    const char *text, uint64_t other);
void co_trace_switch(
    struct co_worker *worker, const struct co *from, const struct co *to, bool ends);

/* Note it if something is recorded. */
CO_UNSANITIZED static inline void co_trace(struct co_worker *worker, enum co_trace_kind kind,
    const struct co *co, const char *text, uint64_t other)
{
    if (__builtin_expect(atomic_load_explicit(&worker->trace, memory_order_relaxed) != NULL, false))
        co_trace_note(worker, kind, co, text, other);
}

/* The same by any thread. */
CO_UNSANITIZED static inline void co_trace_anywhere(
    struct co_worker *worker, enum co_trace_kind kind, const struct co *co, uint64_t other)
{
    if (__builtin_expect(
            atomic_load_explicit(&co_trace_rings.others, memory_order_relaxed) != NULL, false))
        co_trace_note(worker, kind, co, NULL, other);
}

#endif
