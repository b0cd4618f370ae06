/* SPDX-License-Identifier: MIT */
/*
 * Timers. Each worker keeps its own in a 4-ary heap; a timer belongs to the worker it was started
 * on, and fires there, on the worker's big stack.
 */
#ifndef CORO_TIMER_H
#define CORO_TIMER_H

#include <stdbool.h>
#include <stdint.h>

#include "coro/language.h"

CO_C_BEGIN

/* The memory is the caller's; all zero before the first start. Must not move while it is started.
 */
struct co_timer {
    int64_t at_ns; /* co_clock_now_ns() at which it fires */
    void (*fn)(void *arg);
    void *arg;
    int worker;            /* whose heap it is in */
    uint32_t place_1;      /* 1 + its place in the heap; 0: not started */
    struct co_timer *next; /* of those for which the heap has no room */
};

/* Call fn(arg) once at `at_ns` (as soon as it can, but not from within this call, if that has
 * passed). The timer must not be started already. */
void co_timer_start(struct co_timer *timer, int64_t at_ns, void (*fn)(void *arg), void *arg);

/* Take it back. True: it will not fire. False: it has fired, or was never started. If fn is
 * running on another worker now, this waits until it has returned (so hold no lock that fn takes):
 * either way the memory is the caller's again. From any worker. */
bool co_timer_stop(struct co_timer *timer);

CO_C_END

#endif
