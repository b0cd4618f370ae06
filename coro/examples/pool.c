/* SPDX-License-Identifier: MIT */
/*
 * The worker pool that comes with the runtime: three workers, and a queue with room for four calls.
 * Whoever submits more waits, or is told that there is no room; so a flood of work stays outside.
 *
 *     g.SetLimit(3); g.Go(func() error { … })          // golang.org/x/sync/errgroup
 */
#include <stdatomic.h>
#include <stdio.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/pool.h"
#include "coro/runtime.h"

enum { WORKERS = 3, ROOM = 4, CALLS = 30 };

static atomic_int busy, most, done;

static void call(void *arg)
{
    (void)arg;
    int now = atomic_fetch_add(&busy, 1) + 1, seen = atomic_load(&most);
    while (now > seen && !atomic_compare_exchange_weak(&most, &seen, now))
        continue;
    co_sleep(2 * CO_CLOCK_MS);
    atomic_fetch_sub(&busy, 1);
    atomic_fetch_add(&done, 1);
}

static void program(void *arg)
{
    (void)arg;
    struct co_pool *pool = co_pool_make(WORKERS, ROOM);
    co_ensure(pool);
    for (int i = 0; i < CALLS; i++)
        co_pool_submit(pool, call, NULL);
    printf("some are done before the last is in: %s\n", atomic_load(&done) > 0 ? "yes" : "no");
    co_pool_close(&pool); /* waits for the rest */
    printf("%d calls done, at most %d at once\n", atomic_load(&done), atomic_load(&most));
}

int main(void)
{
    return co_runtime_run(NULL, program, NULL) == 0 ? 0 : 1;
}
