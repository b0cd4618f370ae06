/* SPDX-License-Identifier: MIT */
/*
 * The data race: `counter++` is a load, an addition and a store, and coroutines of two threads do
 * it simultaneously. On more than one processor updates are lost, and a different number each time.
 *
 *     for i := 0; i < 1000; i++ { wg.Go(func() { for range 1000 { counter++ } }) }
 *
 * The compiler and the processor may do what they like with such a program; so do not only count,
 * ask the race detector, as with `go run -race`:
 *
 *     coro-cc -race race.c
 *
 * The cures: lost_update_mutex.c, lost_update_atomic.c, lost_update_channel.c.
 */
#include <stdio.h>

#include "coro/clock.h"
#include "coro/go.h"
#include "coro/runtime.h"

/* Together they take longer than an idle worker waits before it takes some of another's. */
enum { COROUTINES = 1000, TIMES = 100000 };

static volatile int counter; /* so that each update is one; it makes nothing safe */

CO_GO_FUNCTION(count)
{
    for (int i = 0; i < TIMES; i++)
        counter++;
}

static int updates_lost(void)
{
    struct co_waitgroup all = {0};
    counter = 0;
    for (int i = 0; i < COROUTINES; i++)
        co_ensure(co_waitgroup_go(&all, count));
    co_waitgroup_wait(&all);
    return COROUTINES * TIMES - counter;
}

static void program(void *arg)
{
    (void)arg;
    int64_t enough_ns = co_clock_now_ns() + 5 * CO_CLOCK_S;
    int lost = 0;
    while (lost == 0 && co_clock_now_ns() < enough_ns) /* now and then one goes well */
        lost = updates_lost();
    puts(lost ? "updates were lost" : "no update was lost, by luck");
}

int main(void)
{
    const struct co_runtime_options options = {.workers = 2};
    return co_runtime_run(&options, program, NULL) == 0 ? 0 : 1;
}
