/* SPDX-License-Identifier: MIT */
/*
 * Time as the runtime sees it: the machine's clocks, or the virtual clock of a seeded run.
 * Nothing above coro/ asks the operating system for the time.
 */
#ifndef CORO_CLOCK_H
#define CORO_CLOCK_H

#include <stdint.h>

#include "coro/language.h"

CO_C_BEGIN

#define CO_CLOCK_US INT64_C(1000)
#define CO_CLOCK_MS INT64_C(1000000)
#define CO_CLOCK_S INT64_C(1000000000)

/* Nanoseconds since an arbitrary start; never goes back. For timeouts and measurements. */
int64_t co_clock_now_ns(void);

/* The same, but it goes on while the machine is suspended: for what others count on meanwhile. */
int64_t co_clock_boot_ns(void);

/* Microseconds since 1970-01-01 UTC; may step either way when an operator sets the clock. */
int64_t co_clock_wall_us(void);

CO_C_END

#endif
