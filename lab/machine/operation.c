/* SPDX-License-Identifier: MIT */
/* What an operation checks; and the pause between its check and its change, where races happen. */
#include "lab/machine/operation.h"

#include "coro/co.h"
#include "coro/schedule.h"
#include "lab/machine/trace.h"

bool operation_first_has(const struct operation *operation, const int64_t seen[])
{
    return seen[0] >= operation->amount;
}

bool operation_all_have(const struct operation *operation, const int64_t seen[])
{
    int64_t sum = 0;
    for (int i = 0; i < operation->count; i++)
        sum += seen[i];
    return sum >= operation->amount;
}

bool operation_may_at(
    const struct co_site *site, const struct operation *operation, const int64_t seen[])
{
    bool may = !operation->may || operation->may(operation, seen);
    /* The step names its cell, if there is only one that the answer can be about. */
    const struct cell *one = operation->count == 1 ? operation->cells[0] : NULL;
    trace_step(&(struct trace_note){.verb = TRACE_CHECK,
        .cell = one,
        .site = site,
        .text = may ? "checks: it may" : "checks: it may not"});
    return may;
}

void operation_think_at(const struct co_site *site)
{
    if (!co_schedule_seeded) {
        co_yield(); /* on all processors, too, it shall take a while */
        return;
    }
    co_schedule_mark_at(site);
    co_schedule_point();
}
