/* SPDX-License-Identifier: MIT */
#include "coro/clock.h"

#include <time.h>

#include "coro/sched_private.h"

int64_t co_clock_now_ns(void)
{
    if (co_runtime.schedule)
        return co_schedule_now_ns();
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * CO_CLOCK_S + now.tv_nsec;
}

int64_t co_clock_boot_ns(void)
{
    if (co_runtime.schedule)
        return co_schedule_now_ns();
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return now.tv_sec * CO_CLOCK_S + now.tv_nsec;
}

int64_t co_clock_wall_us(void)
{
    if (co_runtime.schedule)
        return co_schedule_wall_us();
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (now.tv_sec * CO_CLOCK_S + now.tv_nsec) / CO_CLOCK_US;
}
