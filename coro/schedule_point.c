/* SPDX-License-Identifier: MIT */
#include "coro/sched_private.h"
#include "coro/schedule.h"

void co_schedule_point(void)
{
    if (co_runtime.schedule)
        co_preempt();
}

CO_UNSANITIZED uint32_t co_schedule_number(void)
{
    return co_schedule_number_of(co_current());
}

CO_UNSANITIZED void co_schedule_mark_at(const struct co_site *site)
{
    struct co *self = co_current();
    if (self)
        self->at = site;
}
