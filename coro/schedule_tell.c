/* SPDX-License-Identifier: MIT */
/* What the observer of a seeded run is told. */
#include "coro/sched_private.h"
#include "coro/schedule.h"

bool schedule_seeded;

UNSANITIZED uint32_t schedule_number_of(const struct co *co)
{
    return (uint32_t)(co_id(co) - runtime.id_base - 1);
}

UNSANITIZED void schedule_tell(
    enum schedule_kind kind, const struct co *co, const char *why, const void *object)
{
    const struct schedule *schedule = runtime.schedule;
    if (!schedule->observe || !co)
        return;
    const struct schedule_event event = {.kind = kind,
        .co = schedule_number_of(co),
        .point = schedule->taken,
        .name = co_name(co),
        .why = why,
        .object = object,
        .at = co->at};
    schedule->observe(&event, schedule->observe_arg);
}
