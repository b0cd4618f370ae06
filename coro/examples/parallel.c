/* SPDX-License-Identifier: MIT */
/*
 * Concurrency is dealing with many things; parallelism is doing many things in the same moment.
 * Concurrent tasks that wait gain from one processor alone, as their waits overlap. Tasks that
 * compute gain only from more processors.
 *
 *     runtime.GOMAXPROCS(1) … runtime.GOMAXPROCS(runtime.NumCPU())
 *
 * Each figure is in times of one task, so 4 means "one after another" and 1 "all in one time".
 */
#include <stdio.h>

#include "coro/clock.h"
#include "coro/go.h"
#include "coro/runtime.h"

enum { TASKS = 4 };

CO_GO_FUNCTION(wait_a_while)
{
    co_sleep(20 * CO_CLOCK_MS);
}

/* Without the clock: how long it takes depends on the processor alone. */
CO_GO_FUNCTION(compute)
{
    volatile unsigned x = 1;
    for (int i = 0; i < 40000000; i++)
        x = x * 1664525 + 1013904223;
}

static double in_times_of_one(int64_t one_ns, int64_t all_ns)
{
    return (double)all_ns / (double)one_ns;
}

static double waiting(void)
{
    struct co_waitgroup all = {0};
    int64_t start_ns = co_clock_now_ns();
    wait_a_while();
    int64_t one_ns = co_clock_now_ns() - start_ns;
    for (int i = 0; i < TASKS; i++)
        co_ensure(co_waitgroup_go(&all, wait_a_while));
    co_waitgroup_wait(&all);
    return in_times_of_one(one_ns, co_clock_now_ns() - start_ns - one_ns);
}

static double computing(void)
{
    struct co_waitgroup all = {0};
    int64_t start_ns = co_clock_now_ns();
    compute();
    int64_t one_ns = co_clock_now_ns() - start_ns;
    for (int i = 0; i < TASKS; i++)
        co_ensure(co_waitgroup_go(&all, compute));
    co_waitgroup_wait(&all);
    return in_times_of_one(one_ns, co_clock_now_ns() - start_ns - one_ns);
}

static void program(void *arg)
{
    const char *const *where = arg;
    printf("%s: %d tasks that wait take %.1f times, %d that compute take %.1f times\n", *where,
        TASKS, waiting(), TASKS, computing());
}

int main(void)
{
    const struct co_runtime_options one = {.workers = 1};
    const char *on_one = "on one processor", *on_all = "on all processors";
    size_t left = co_runtime_run(&one, program, &on_one);
    left += co_runtime_run(NULL, program, &on_all);
    return left == 0 ? 0 : 1;
}
