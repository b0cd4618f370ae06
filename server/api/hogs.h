/* SPDX-License-Identifier: MIT */
/* What keeps a thread of the service from its other requests: logged, and counted for /metrics. */
#ifndef SERVER_API_HOGS_H
#define SERVER_API_HOGS_H

#include <stdint.h>

struct co_watchdog_report;

/* For co_runtime_options.on_watchdog. */
void hogs_note(const struct co_watchdog_report *report, void *unused);

/* Since the start: coroutines that computed for too long, and those that blocked their thread. */
void hogs_read(uint64_t *computed, uint64_t *blocked);

#endif
