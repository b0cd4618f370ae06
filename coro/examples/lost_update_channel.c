/* SPDX-License-Identifier: MIT */
/*
 * The lost update's third cure: an owner. One coroutine has the counter to itself; the others send
 * it what they want done.
 *
 *     go func() { for n := range calls { counter += n }; done <- counter }()
 *
 * Right when the state is rich and its rules matter: they stand in one place, without a lock.
 */
#include <stdio.h>

#include "coro/chan.h"
#include "coro/co.h"
#include "coro/runtime.h"
#include "coro/waitgroup.h"

enum { CALLERS = 100 };

static struct co_chan *calls, *total;
static struct co_waitgroup all;

static void own_the_counter(void *arg)
{
    (void)arg;
    int n, counter = 0;
    while (co_chan_recv(calls, &n) == CO_CHAN_OK)
        counter += n;
    co_ensure(co_chan_send(total, &counter) == CO_CHAN_OK);
}

static void count_me(void *arg)
{
    (void)arg;
    int one = 1;
    co_ensure(co_chan_send(calls, &one) == CO_CHAN_OK);
    co_waitgroup_done(&all);
}

static void program(void *arg)
{
    (void)arg;
    int counter;
    calls = co_chan_make(sizeof(int), 0);
    total = co_chan_make(sizeof(int), 1);
    co_ensure(calls && total && co_spawn(own_the_counter, NULL));
    co_waitgroup_add(&all, CALLERS);
    for (int i = 0; i < CALLERS; i++)
        co_ensure(co_spawn(count_me, NULL));
    co_waitgroup_wait(&all);
    co_chan_close(calls);
    co_ensure(co_chan_recv(total, &counter) == CO_CHAN_OK);
    printf("%d have called; the counter says %d\n", CALLERS, counter);
    co_chan_free(&calls);
    co_chan_free(&total);
}

int main(void)
{
    return co_runtime_run(NULL, program, NULL) == 0 ? 0 : 1;
}
