/* SPDX-License-Identifier: MIT */
/*
 * Once: whoever needs it first makes it; the others wait until it is there.
 *
 *     var once sync.Once
 *     once.Do(func() { config = load() })
 */
#include <stdatomic.h>
#include <stdio.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/once.h"
#include "coro/runtime.h"
#include "coro/waitgroup.h"

enum { CALLERS = 100 };

static struct co_once once;
static struct co_waitgroup all;
static int loads, limit; /* written once, before anyone reads them */
static atomic_int saw_the_limit;

static void load(void *arg)
{
    (void)arg;
    co_sleep(5 * CO_CLOCK_MS); /* from afar */
    loads++;
    limit = 250;
}

static void use(void *arg)
{
    (void)arg;
    co_once_do(&once, load, NULL);
    if (limit == 250)
        atomic_fetch_add(&saw_the_limit, 1);
    co_waitgroup_done(&all);
}

static void program(void *arg)
{
    (void)arg;
    co_waitgroup_add(&all, CALLERS);
    for (int i = 0; i < CALLERS; i++)
        co_ensure(co_spawn(use, NULL));
    co_waitgroup_wait(&all);
    printf("loaded %d time, seen by %d\n", loads, atomic_load(&saw_the_limit));
}

int main(void)
{
    return co_runtime_run(NULL, program, NULL) == 0 ? 0 : 1;
}
