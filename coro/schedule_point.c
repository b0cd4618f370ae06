/* SPDX-License-Identifier: MIT */
#include "coro/sched_private.h"
#include "coro/schedule.h"

void schedule_point(void)
{
    if (runtime.schedule)
        co_preempt();
}
