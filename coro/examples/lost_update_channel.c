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

static struct chan *calls, *total;
static struct waitgroup all;

static void own_the_counter(void *arg)
{
    (void)arg;
    int n, counter = 0;
    while (chan_recv(calls, &n) == CHAN_OK)
        counter += n;
    ensure(chan_send(total, &counter) == CHAN_OK);
}

static void count_me(void *arg)
{
    (void)arg;
    int one = 1;
    ensure(chan_send(calls, &one) == CHAN_OK);
    waitgroup_done(&all);
}

static void program(void *arg)
{
    (void)arg;
    int counter;
    calls = chan_make(sizeof(int), 0);
    total = chan_make(sizeof(int), 1);
    ensure(calls && total && co_spawn(own_the_counter, NULL));
    waitgroup_add(&all, CALLERS);
    for (int i = 0; i < CALLERS; i++)
        ensure(co_spawn(count_me, NULL));
    waitgroup_wait(&all);
    chan_close(calls);
    ensure(chan_recv(total, &counter) == CHAN_OK);
    printf("%d have called; the counter says %d\n", CALLERS, counter);
    chan_free(&calls);
    chan_free(&total);
}

int main(void)
{
    return runtime_run(NULL, program, NULL) == 0 ? 0 : 1;
}
