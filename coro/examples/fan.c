/* SPDX-License-Identifier: MIT */
/*
 * Fan-out and fan-in: one source of numbers, several coroutines that read from it, each with an
 * output of its own, and a merge of all outputs into one channel.
 *
 *     in := gen(1, 2, 3, …)
 *     for n := range merge(sq(in), sq(in), sq(in)) { sum += n }
 */
#include <stdio.h>

#include "coro/co.h"
#include "coro/fan.h"
#include "coro/runtime.h"

enum { NUMBERS = 1000, BRANCHES = 3 };

struct branch {
    struct chan *in, *out;
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
        ensure(chan_send(branch->out, &n) == CHAN_OK);
    }
    chan_close(branch->out);
}

static void program(void *arg)
{
    (void)arg;
    struct branch branches[BRANCHES];
    struct chan *outs[BRANCHES], *numbers = chan_make(sizeof(int64_t), 0);
    ensure(numbers && co_spawn(generate, numbers));
    for (int i = 0; i < BRANCHES; i++) {
        outs[i] = chan_make(sizeof(int64_t), 0);
        branches[i] = (struct branch){numbers, outs[i]};
        ensure(outs[i] && co_spawn(square, &branches[i]));
    }
    struct chan *merged = fan_in(outs, BRANCHES, 0);
    ensure(merged);
    int64_t n, count = 0, sum = 0;
    for (; chan_recv(merged, &n) == CHAN_OK; count++)
        sum += n;
    printf("%lld squares, together %lld\n", (long long)count, (long long)sum);

    chan_free(&merged);
    for (int i = 0; i < BRANCHES; i++)
        chan_free(&outs[i]);
    chan_free(&numbers);
}

int main(void)
{
    return runtime_run(NULL, program, NULL) == 0 ? 0 : 1;
}
