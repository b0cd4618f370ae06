/* SPDX-License-Identifier: MIT */
/* The same call on every worker. */
#include "coro/clock.h"
#include "coro/sched_private.h"
#include "coro/waitgroup.h"

struct each {
    void (*fn)(int index, void *arg);
    void *arg;
    struct waitgroup group;
};

static void each_call(void *arg)
{
    struct each *each = arg;
    each->fn(worker_index(), each->arg);
}

static void each_main(void *arg)
{
    struct each *each = arg;
    worker_call(each_call, each);
    waitgroup_done(&each->group);
}

void worker_each(void (*fn)(int index, void *arg), void *arg)
{
    struct each each = {.fn = fn, .arg = arg};
    waitgroup_add(&each.group, runtime.worker_count);
    for (int i = 0; i < runtime.worker_count; i++)
        while (!co_spawn_on(&runtime.workers[i], CO_SITE("worker_each"), each_main, &each))
            co_sleep(CLOCK_MS); /* all coroutines are taken: until one ends */
    waitgroup_wait(&each.group);
}
