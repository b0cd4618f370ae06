/* SPDX-License-Identifier: MIT */
/*
 * The prime sieve: a pipeline that grows. Each prime found adds a coroutine which lets only those
 * numbers pass that it does not divide.
 *
 *     for { prime := <-ch; next := make(chan int); go filter(ch, next, prime); ch = next }
 */
#include <stdio.h>

#include "coro/chan.h"
#include "coro/co.h"
#include "coro/runtime.h"
#include "coro/waitgroup.h"

enum { PRIMES = 15 };

struct stage {
    int prime;
    struct co_chan *from, *to;
    struct co_waitgroup *all;
};

/* Numbers from 2 on, until the channel is closed at the other end. */
static void count(void *arg)
{
    struct stage *stage = arg;
    int n = 2;
    while (co_chan_send(stage->to, &n) == CO_CHAN_OK)
        n++;
    co_waitgroup_done(stage->all);
}

static void filter(void *arg)
{
    struct stage *stage = arg;
    int n;
    while (co_chan_recv(stage->from, &n) == CO_CHAN_OK)
        if (n % stage->prime != 0 && co_chan_send(stage->to, &n) != CO_CHAN_OK)
            break;
    co_chan_close(stage->from); /* the end travels back to the source, stage by stage */
    co_waitgroup_done(stage->all);
}

static void program(void *arg)
{
    (void)arg;
    struct co_waitgroup all = {0};
    struct stage stages[PRIMES + 1];
    co_waitgroup_add(&all, PRIMES + 1);
    stages[0] = (struct stage){.to = co_chan_make(sizeof(int), 0), .all = &all};
    co_ensure(stages[0].to && co_spawn(count, &stages[0]));
    for (int i = 1; i <= PRIMES; i++) {
        struct stage *stage = &stages[i];
        *stage = (struct stage){0, stages[i - 1].to, co_chan_make(sizeof(int), 0), &all};
        co_ensure(stage->to && co_chan_recv(stage->from, &stage->prime) == CO_CHAN_OK);
        printf("%d%c", stage->prime, i < PRIMES ? ' ' : '\n');
        co_ensure(co_spawn(filter, stage));
    }
    co_chan_close(stages[PRIMES].to);
    co_waitgroup_wait(&all);
    for (int i = 0; i <= PRIMES; i++)
        co_chan_free(&stages[i].to);
}

int main(void)
{
    return co_runtime_run(NULL, program, NULL) == 0 ? 0 : 1;
}
