/* SPDX-License-Identifier: MIT */
/* The clock of a seeded run: it advances when it is looked at, or when all wait. */
#include "coro/clock.h"
#include "coro/sched_private.h"

static const int64_t START_NS = CLOCK_S;
static const int64_t WALL_START_US = INT64_C(1700000000) * 1000000;

static int64_t now_ns;

void schedule_time_begin(void)
{
    now_ns = START_NS;
}

UNSANITIZED int64_t schedule_time_ns(void)
{
    return now_ns;
}

/* Each look at the clock takes a moment, so that a loop which waits for a time ends. */
UNSANITIZED int64_t schedule_now_ns(void)
{
    return now_ns += 10;
}

UNSANITIZED int64_t schedule_wall_us(void)
{
    return WALL_START_US + schedule_now_ns() / CLOCK_US;
}

UNSANITIZED bool schedule_skip_time(struct worker *worker)
{
    int64_t due = atomic_load_explicit(&worker->timers.due_ns, memory_order_relaxed);
    if (due == INT64_MAX)
        return false;
    if (due > now_ns)
        now_ns = due;
    return true;
}
