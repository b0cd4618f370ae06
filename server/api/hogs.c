/* SPDX-License-Identifier: MIT */
#include "server/api/hogs.h"

#include <stdatomic.h>
#include <stdio.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/watchdog.h"
#include "server/text/log.h"

static _Atomic uint64_t computed, blocked;

/* One line: the calls it is in, from the inside out. */
void hogs_note(const struct co_watchdog_report *report, void *unused)
{
    char calls[600] = "", frame[CO_WATCHDOG_FRAME_TEXT];
    size_t length = 0;
    (void)unused;
    for (int i = 0; i < report->depth && length < sizeof calls - 1; i++)
        length += (size_t)snprintf(calls + length, sizeof calls - length, "%s%s", i ? " < " : "",
            co_watchdog_frame(report, i, frame));
    atomic_fetch_add(report->blocks ? &blocked : &computed, 1);
    log_error_of(report->id, "%s #%llu %s worker %d for %lld ms in %s",
        report->spawned ? report->spawned->name : "a callback", (unsigned long long)report->id,
        report->blocks ? "blocks" : "hogs", report->worker,
        (long long)(report->for_ns / CO_CLOCK_MS), calls);
}

void hogs_read(uint64_t *of_computed, uint64_t *of_blocked)
{
    *of_computed = atomic_load(&computed);
    *of_blocked = atomic_load(&blocked);
}
