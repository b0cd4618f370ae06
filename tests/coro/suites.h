/* SPDX-License-Identifier: MIT */
/* The suites of coro/'s tests, in the order in which they run: simple things first. */
#ifndef TESTS_CORO_SUITES_H
#define TESTS_CORO_SUITES_H

#include "tests/unit.h"

extern const struct unit_suite suite_co, suite_worker, suite_timer, suite_chan, suite_select,
    suite_mutex, suite_waitgroup, suite_context, suite_eventcount, suite_poller, suite_blocking,
    suite_sync, suite_flow, suite_typed, suite_short, suite_net, suite_census, suite_stuck,
    suite_processors, suite_memory, suite_moving, suite_moves, suite_report;
extern const struct unit_suite suite_file, suite_start, suite_tls, suite_tls_sessions,
    suite_http_head, suite_http, suite_watchdog, suite_rota;

/* A scenario that ends its process, run by a test in a process of its own: see test_report.c. */
int report_child(const char *scenario);
const char *report_said(const char *scenario); /* what it says, in a process of its own */
void memory_is_short(void *arg);               /* of those, in test_memory.c */
int watchdog_child(const char *scenario);      /* in test_watchdog.c */
int report_limit(void); /* one of them, in test_co.c; the next ones are in seeds.c */
int start_short(void);  /* in test_start.c */
int start_by_mprotect(void);
int seeds_planted(void);
int seeds_replay(void);
int seeds_listed(void);
int seeds_observed(void);
int seeds_stopped(void);

#endif
