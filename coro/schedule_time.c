/* SPDX-License-Identifier: MIT */
/* The clock of a seeded run: it advances when it is looked at, or when all wait. */
#include "coro/clock.h"
#include "coro/sched_private.h"

static const int64_t START_NS = CO_CLOCK_S;
static const int64_t WALL_START_US = INT64_C(1700000000) * 1000000;

static int64_t now_ns;

void co_schedule_time_begin(void)
{
    now_ns = START_NS;
}

CO_UNSANITIZED int64_t co_schedule_time_ns(void)
{
    return now_ns;
}

/* Each look at the clock takes a moment, so that a loop which waits for a time ends. */
CO_UNSANITIZED int64_t co_schedule_now_ns(void)
{
    return now_ns += 10;
}

CO_UNSANITIZED int64_t co_schedule_wall_us(void)
{
    return WALL_START_US + co_schedule_now_ns() / CO_CLOCK_US;
}

CO_UNSANITIZED bool co_schedule_skip_time(struct co_worker *worker)
{
    int64_t due = atomic_load_explicit(&worker->timers.due_ns, memory_order_relaxed);
    if (due == INT64_MAX)
        return false;
    if (due > now_ns)
        now_ns = due;
    return true;
}
