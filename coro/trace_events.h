/* SPDX-License-Identifier: MIT */
/*
 * A flight recorder: what the scheduler did, the newest of it in a ring for each worker, written
 * out in Chrome's trace event format: open it in https://ui.perfetto.dev or chrome://tracing.
 *
 * There is a track for each worker, one for each coroutine (running, ready, or what it waits on)
 * and one for each thread of blocking calls; arrows lead from the coroutine that readies another to
 * where that one runs.
 *
 * Of any program: the environment variable CORO_TRACE=FILE records all of it, and writes FILE when
 * the runtime stops or finds a deadlock (coro-cc -trace FILE). While nothing is recorded a switch
 * costs one branch more; while it is, a look at the clock and 32 bytes for each event.
 */
#ifndef CORO_TRACE_EVENTS_H
#define CORO_TRACE_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coro/ensure.h"
#include "coro/language.h"

CO_C_BEGIN

enum { CO_TRACE_EVENTS = 65536, CO_TRACE_EVENTS_MAX = 1 << 24 };

/* Record from now on, in rings of that many events for each worker (0: CO_TRACE_EVENTS; rounded up
 * to a power of two), of 32 bytes each. When one is full its oldest are overwritten. What was
 * recorded before is forgotten. False: memory is short, or it records already. From a coroutine. */
CO_MUST_CHECK bool co_trace_start(size_t events);

/* Record no more; what was recorded can still be written, until the runtime stops. From a
 * coroutine. */
void co_trace_stop(void);

bool co_trace_is_on(void);

/* Write what was recorded during the last so many nanoseconds (0: all that there is) to a file
 * descriptor, as JSON: about 300 bytes for an event. It goes on recording meanwhile. False: memory
 * is short, or a write failed. It computes and writes for long: in a service call it by
 * co_blocking_call(). From any thread, one at a time. */
CO_MUST_CHECK bool co_trace_write(int fd, int64_t last_ns);

/* A mark of the program's own in the track of the calling coroutine: a static text. */
void co_trace_mark(const char *text);

CO_C_END

#endif
