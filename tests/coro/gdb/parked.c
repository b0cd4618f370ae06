/* SPDX-License-Identifier: MIT */
/* What tests/coro/gdb/run looks at: coroutines that wait, one that has not started, one that aborts
 * or spins. */
#include <stdio.h>
#include <stdlib.h>

#include "coro/chan.h"
#include "coro/clock.h"
#include "coro/co.h"
#include "coro/mutex.h"
#include "coro/runtime.h"

static struct co_chan *chan;
static struct co_mutex mutex;

__attribute__((noinline)) static void wait_deep(int depth)
{
    if (depth > 0)
        wait_deep(depth - 1);
    else if (co_chan_recv(chan, NULL) == CO_CHAN_OK)
        puts("received");
    puts("not reached");
}

static void waiter(void *arg)
{
    (void)arg;
    wait_deep(2);
}

static void locker(void *arg)
{
    (void)arg;
    co_mutex_lock(&mutex);
    puts("not reached");
}

static void late(void *arg)
{
    puts(arg);
}

__attribute__((noinline)) static void stop_here(void)
{
    abort();
}

static void first(void *arg)
{
    (void)arg;
    chan = co_chan_make(0, 0);
    co_mutex_lock(&mutex);
    if (!chan || !co_spawn(waiter, NULL) || !co_spawn_named("lock it", locker, NULL))
        return;
    co_sleep(50 * CO_CLOCK_MS);
    if (co_spawn(late, "not reached"))
        stop_here();
}

int main(void)
{
    return (int)co_runtime_run(&(struct co_runtime_options){.workers = 1}, first, NULL);
}
