/* SPDX-License-Identifier: MIT */
/*
 * A number that only grows, and on which coroutines wait for a value to be reached.
 * Source: D. P. Reed, R. K. Kanodia, "Synchronization with eventcounts and sequencers", CACM 1979.
 * Cheapest when waiters come with rising values. All zero is ready for use, at value 0.
 */
#ifndef CORO_EVENTCOUNT_H
#define CORO_EVENTCOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "coro/context.h"
#include "coro/language.h"
#include "coro/lock.h"
#include "coro/wait.h"

CO_C_BEGIN

struct co_eventcount {
    CO_ATOMIC(uint64_t) value;
    struct co_lock guard;
    struct co_waiters waiters; /* in rising order of the value they wait for, under guard */
    bool closed;
};

enum co_eventcount_status {
    CO_EVENTCOUNT_REACHED,
    CO_EVENTCOUNT_CANCELLED, /* the context ended first */
    CO_EVENTCOUNT_CLOSED,    /* closed before the value was reached: it never will be */
};

uint64_t co_eventcount_read(struct co_eventcount *count);

/* Park until the value is at least `value`, the context ends, or the count is closed. If it is
 * there already the call returns immediately, but yields every 256th time on a worker: a loop of
 * such calls starves nobody. */
CO_MUST_CHECK enum co_eventcount_status co_eventcount_await(
    struct co_context *context, struct co_eventcount *count, uint64_t value);

/* Raise it to `value` (lower or equal: no effect) and wake those that waited for at most that.
 * Never parks; from any coroutine or worker callback. */
void co_eventcount_advance(struct co_eventcount *count, uint64_t value);

/* No more advances: every waiter, now and later, whose value is not reached gets CLOSED. */
void co_eventcount_close(struct co_eventcount *count);

CO_C_END

#endif
