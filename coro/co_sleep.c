/* SPDX-License-Identifier: MIT */
/* A coroutine that waits for a time. */
#include "coro/clock.h"
#include "coro/co.h"
#include "coro/sched_private.h"

CO_UNSANITIZED void co_wake_sleeper(void *arg)
{
    co_ready(arg);
}

static bool commit_sleep(struct co *co, void *arg)
{
    (void)co, (void)arg;
    return true;
}

void co_sleep(int64_t ns)
{
    if (ns <= 0) {
        co_yield();
        return;
    }
    struct co_timer timer = {0};
    co_timer_start(&timer, co_clock_now_ns() + ns, co_wake_sleeper, co_current());
    co_park("sleep", commit_sleep, NULL); /* the timer fires on this worker, so not before */
}
