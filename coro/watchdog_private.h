/* SPDX-License-Identifier: MIT */
#ifndef CORO_WATCHDOG_PRIVATE_H
#define CORO_WATCHDOG_PRIVATE_H

#include "coro/runtime.h"

/* Its thread, between the start of the workers and their end; nothing if it is not asked for. */
void co_watchdog_start(const struct co_runtime_options *options);
void co_watchdog_stop(void);

#endif
