/* SPDX-License-Identifier: MIT */
/* The same call on every worker. */
#include "coro/clock.h"
#include "coro/sched_private.h"
#include "coro/waitgroup.h"

struct each {
    void (*fn)(int index, void *arg);
    void *arg;
    struct co_waitgroup group;
};

static void each_call(void *arg)
{
    struct each *each = arg;
    each->fn(co_worker_index(), each->arg);
}

static void each_main(void *arg)
{
    struct each *each = arg;
    co_worker_call(each_call, each);
    co_waitgroup_done(&each->group);
}

void co_worker_each(void (*fn)(int index, void *arg), void *arg)
{
    struct each each = {.fn = fn, .arg = arg};
    co_waitgroup_add(&each.group, co_runtime.worker_count);
    for (int i = 0; i < co_runtime.worker_count; i++)
        while (!co_spawn_on(&co_runtime.workers[i], CO_SITE("co_worker_each"), each_main, &each))
            co_sleep(CO_CLOCK_MS); /* all coroutines are taken: until one ends */
    co_waitgroup_wait(&each.group);
}
