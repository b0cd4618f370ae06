/* SPDX-License-Identifier: MIT */
#include "coro/sched_private.h"
#include "coro/schedule.h"

void schedule_point(void)
{
    if (runtime.schedule)
        co_preempt();
}

UNSANITIZED uint32_t schedule_number(void)
{
    return schedule_number_of(co_current());
}

UNSANITIZED void schedule_mark_at(const struct co_site *site)
{
    struct co *self = co_current();
    if (self)
        self->at = site;
}
