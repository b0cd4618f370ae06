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
    struct co_chan *in, *out;
};

static void generate(void *arg)
{
    struct co_chan *numbers = arg;
    for (int64_t n = 1; n <= NUMBERS; n++)
        co_ensure(co_chan_send(numbers, &n) == CO_CHAN_OK);
    co_chan_close(numbers);
}

static void square(void *arg)
{
    struct branch *branch = arg;
    int64_t n;
    while (co_chan_recv(branch->in, &n) == CO_CHAN_OK) {
        n *= n;
        co_ensure(co_chan_send(branch->out, &n) == CO_CHAN_OK);
    }
    co_chan_close(branch->out);
}

static void program(void *arg)
{
    (void)arg;
    struct branch branches[BRANCHES];
    struct co_chan *outs[BRANCHES], *numbers = co_chan_make(sizeof(int64_t), 0);
    co_ensure(numbers && co_spawn(generate, numbers));
    for (int i = 0; i < BRANCHES; i++) {
        outs[i] = co_chan_make(sizeof(int64_t), 0);
        branches[i] = (struct branch){numbers, outs[i]};
        co_ensure(outs[i] && co_spawn(square, &branches[i]));
    }
    struct co_chan *merged = co_fan_in(outs, BRANCHES, 0);
    co_ensure(merged);
    int64_t n, count = 0, sum = 0;
    for (; co_chan_recv(merged, &n) == CO_CHAN_OK; count++)
        sum += n;
    printf("%lld squares, together %lld\n", (long long)count, (long long)sum);

    co_chan_free(&merged);
    for (int i = 0; i < BRANCHES; i++)
        co_chan_free(&outs[i]);
    co_chan_free(&numbers);
}

int main(void)
{
    return co_runtime_run(NULL, program, NULL) == 0 ? 0 : 1;
}
