/* SPDX-License-Identifier: MIT */
/*
 * What a person at a terminal wants of a run: to see how it goes, and to end it. Each second a line
 * on stderr, if that is a terminal. Ctrl-C (or SIGTERM) interrupts the run: it ends at the next
 * request or round, and what was found is reported as usual; a second one ends the program
 * immediately.
 */
#ifndef LOADTEST_WATCH_H
#define LOADTEST_WATCH_H

#include "coro/ensure.h"
#include "loadtest/report.h"

struct watch;

/* Begin to watch a run, as its first coroutine. The report must outlive it. NULL: memory or
 * descriptors are short. */
CO_MUST_CHECK struct watch *watch_start(struct report *report);

/* End it and null the pointer. Parks. NULL is allowed. */
void watch_stop(struct watch **watch);

#endif
