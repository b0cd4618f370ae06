/* SPDX-License-Identifier: MIT */
/*
 * The lost update's first cure: a mutex. Nobody loads between another one's load and store.
 *
 *     mu.Lock(); counter++; mu.Unlock()
 *
 * Right when several fields must change together, or when the work takes more than an instruction.
 */
#include <stdio.h>

#include "coro/co.h"
#include "coro/mutex.h"
#include "coro/runtime.h"
#include "coro/waitgroup.h"

enum { CALLERS = 100 };

static struct {
    struct co_mutex mutex;
    int counter; /* under mutex */
} shared;
static struct co_waitgroup all;

static void count_me(void *arg)
{
    (void)arg;
    co_mutex_lock(&shared.mutex);
    int seen = shared.counter;
    co_yield(); /* others may run, but they wait for the mutex */
    shared.counter = seen + 1;
    co_mutex_unlock(&shared.mutex);
    co_waitgroup_done(&all);
}

static void program(void *arg)
{
    (void)arg;
    co_waitgroup_add(&all, CALLERS);
    for (int i = 0; i < CALLERS; i++)
        co_ensure(co_spawn(count_me, NULL));
    co_waitgroup_wait(&all);
    printf("%d have called; the counter says %d\n", CALLERS, shared.counter);
}

int main(void)
{
    return co_runtime_run(NULL, program, NULL) == 0 ? 0 : 1;
}
