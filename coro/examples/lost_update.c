/* SPDX-License-Identifier: MIT */
/*
 * The lost update: load, add, store. What another coroutine has stored in between is overwritten.
 *
 *     for i := 0; i < 100; i++ { go func() { c := counter; runtime.Gosched(); counter = c + 1 }() }
 *
 * One worker is enough for it, and the yield makes sure that it happens. Load and store are atomic,
 * each by itself, so a race detector is content; the program is wrong all the same.
 * The cures: lost_update_mutex.c, lost_update_atomic.c, lost_update_channel.c.
 */
#include <stdatomic.h>
#include <stdio.h>

#include "coro/co.h"
#include "coro/runtime.h"
#include "coro/waitgroup.h"

enum { CALLERS = 100 };

static atomic_int counter;
static struct co_waitgroup all;

static void count_me(void *arg)
{
    (void)arg;
    int seen = atomic_load_explicit(&counter, memory_order_relaxed);
    co_yield();
    atomic_store_explicit(&counter, seen + 1, memory_order_relaxed);
    co_waitgroup_done(&all);
}

static void program(void *arg)
{
    (void)arg;
    co_waitgroup_add(&all, CALLERS);
    for (int i = 0; i < CALLERS; i++)
        co_ensure(co_spawn(count_me, NULL));
    co_waitgroup_wait(&all);
    bool lost = atomic_load(&counter) < CALLERS;
    printf("%d have called; the counter says %s\n", CALLERS, lost ? "less" : "so, too");
}

int main(void)
{
    const struct co_runtime_options options = {.workers = 1};
    return co_runtime_run(&options, program, NULL) == 0 ? 0 : 1;
}
