/* SPDX-License-Identifier: MIT */
/*
 * Fan-out and fan-in: one source of numbers, several coroutines that read from it, each with an
 * output of its own, and a merge of all outputs into one channel.
 *
 *     in := gen(1, 2, 3, …)
 *     for n := range merge(sq(in), sq(in), sq(in)) { sum += n }
 */
#include <stdio.h>

#include "coro/chan.h"
#include "coro/co.h"
#include "coro/runtime.h"
#include "coro/waitgroup.h"

enum { NUMBERS = 1000, BRANCHES = 3 };

struct branch {
    struct chan *in, *squares, *merged;
    struct waitgroup *all;
};

static void generate(void *arg)
{
    struct chan *numbers = arg;
    for (int64_t n = 1; n <= NUMBERS; n++)
        ensure(chan_send(numbers, &n) == CHAN_OK);
    chan_close(numbers);
}

static void square(void *arg)
{
    struct branch *branch = arg;
    int64_t n;
    while (chan_recv(branch->in, &n) == CHAN_OK) {
        n *= n;
        ensure(chan_send(branch->squares, &n) == CHAN_OK);
    }
    chan_close(branch->squares);
}

static void forward(void *arg)
{
    struct branch *branch = arg;
    int64_t n;
    while (chan_recv(branch->squares, &n) == CHAN_OK)
        ensure(chan_send(branch->merged, &n) == CHAN_OK);
    waitgroup_done(branch->all);
}

static void close_when_all_have(void *arg)
{
    struct branch *any = arg;
    waitgroup_wait(any->all);
    chan_close(any->merged);
}

static void program(void *arg)
{
    (void)arg;
    struct waitgroup all = {0};
    struct branch branches[BRANCHES];
    struct chan *numbers = chan_make(sizeof(int64_t), 0), *merged = chan_make(sizeof(int64_t), 0);
    ensure(numbers && merged && co_spawn(generate, numbers));
    waitgroup_add(&all, BRANCHES);
    for (int i = 0; i < BRANCHES; i++) {
        branches[i] = (struct branch){numbers, chan_make(sizeof(int64_t), 0), merged, &all};
        ensure(branches[i].squares);
        ensure(co_spawn(square, &branches[i]) && co_spawn(forward, &branches[i]));
    }
    ensure(co_spawn(close_when_all_have, &branches[0]));

    int64_t n, count = 0, sum = 0;
    for (; chan_recv(merged, &n) == CHAN_OK; count++)
        sum += n;
    printf("%lld squares, together %lld\n", (long long)count, (long long)sum);
    for (int i = 0; i < BRANCHES; i++)
        chan_free(&branches[i].squares);
    chan_free(&numbers);
    chan_free(&merged);
}

int main(void)
{
    return runtime_run(NULL, program, NULL) == 0 ? 0 : 1;
}
