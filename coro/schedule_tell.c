/* SPDX-License-Identifier: MIT */
/* What the observer of a seeded run is told. */
#include "coro/sched_private.h"
#include "coro/schedule.h"

bool co_schedule_seeded;

CO_UNSANITIZED uint32_t co_schedule_number_of(const struct co *co)
{
    return (uint32_t)(co_id(co) - co_runtime.id_base - 1);
}

CO_UNSANITIZED void co_schedule_tell(
    enum co_schedule_kind kind, const struct co *co, const char *why, const void *object)
{
    const struct co_schedule *schedule = co_runtime.schedule;
    if (!schedule->observe || !co)
        return;
    const struct co_schedule_event event = {.kind = kind,
        .co = co_schedule_number_of(co),
        .point = schedule->taken,
        .name = co_name(co),
        .why = why,
        .object = object,
        .at = co->at};
    schedule->observe(&event, schedule->observe_arg);
}
