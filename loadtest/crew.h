/* SPDX-License-Identifier: MIT */
/* A number of coroutines that do the same work side by side. */
#ifndef LOADTEST_CREW_H
#define LOADTEST_CREW_H

#include <stddef.h>

#include "coro/ensure.h"

/* Run fn(index, arg) for each index below n, each in a coroutine of its own, and park until all
 * have returned. Stops the program if they cannot be started. */
void crew_run(size_t n, void (*fn)(size_t index, void *arg), void *arg);

#endif
