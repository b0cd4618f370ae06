/* SPDX-License-Identifier: MIT */
/*
 * A worker is a thread that runs coroutines. It has a big stack of its own (8 MiB), on which event
 * callbacks run, and on which a coroutine can have a deep call made for it. Callbacks must not
 * park; they may spawn, ready, and use the non-blocking (try) form of every primitive.
 */
#ifndef CORO_WORKER_H
#define CORO_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "coro/ensure.h"
#include "coro/language.h"

CO_C_BEGIN

/* How many workers run, and the index (from 0) of the one that runs the caller. */
int co_worker_count(void);
int co_worker_index(void);

/* Run fn(arg) now on the big stack of the caller's worker, and come back. For calls that need
 * more stack than a coroutine has (parsers, printf of doubles). fn must not park. */
void co_worker_call(void (*fn)(void *arg), void *arg);

/* Run fn(index, arg) once on every worker, on its big stack. Parks until all have. */
void co_worker_each(void (*fn)(int index, void *arg), void *arg);

/*
 * A descriptor that this worker watches: fn(arg) runs on the big stack while it is readable, or if
 * `edge` each time that more has come or the peer has closed; with `edge` and `writable` also when
 * there is room again after a write found none. The memory is the caller's, from start until stop.
 * Call both from a callback or coroutine on the worker that is to watch. 0, or an errno.
 */
struct co_worker_watch {
    int fd;
    void (*fn)(void *arg);
    void *arg;
    bool edge, writable;
    bool hung_up; /* of an edge, told before fn: the peer has closed its side, or all */
};
CO_MUST_CHECK int co_worker_watch_start(struct co_worker_watch *watch);
void co_worker_watch_stop(struct co_worker_watch *watch);

CO_C_END

#endif
