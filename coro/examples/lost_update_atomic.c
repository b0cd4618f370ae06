/* SPDX-License-Identifier: MIT */
/*
 * The lost update's second cure: an atomic addition, which no other one can come between.
 *
 *     atomic.AddInt64(&counter, 1)
 *
 * Right for a single number. C has it in the language.
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
    co_yield();
    atomic_fetch_add_explicit(&counter, 1, memory_order_relaxed);
    co_waitgroup_done(&all);
}

static void program(void *arg)
{
    (void)arg;
    co_waitgroup_add(&all, CALLERS);
    for (int i = 0; i < CALLERS; i++)
        co_ensure(co_spawn(count_me, NULL));
    co_waitgroup_wait(&all);
    printf("%d have called; the counter says %d\n", CALLERS, atomic_load(&counter));
}

int main(void)
{
    return co_runtime_run(NULL, program, NULL) == 0 ? 0 : 1;
}
