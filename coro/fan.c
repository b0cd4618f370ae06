/* SPDX-License-Identifier: MIT */
#include "coro/fan.h"

#include <stdlib.h>

#include "coro/chan_private.h"
#include "coro/co.h"

struct fan {
    struct chan *in;
    void (*fn)(void *item, void *arg);
    void *arg;
    struct waitgroup *done;
};

static void fan_worker(void *arg)
{
    struct fan fan = *(struct fan *)arg;
    free(arg);
    void *item = malloc(fan.in->item_size ? fan.in->item_size : 1);
    ensure(item);
    while (chan_recv(fan.in, item) == CHAN_OK)
        fan.fn(item, fan.arg);
    free(item);
    waitgroup_done(fan.done);
}

static bool start_worker(const struct fan *fan)
{
    struct fan *own = malloc(sizeof *own);
    if (!own)
        return false;
    *own = *fan;
    waitgroup_add(fan->done, 1);
    if (co_spawn(fan_worker, own))
        return true;
    waitgroup_done(fan->done);
    free(own);
    return false;
}

bool fan_out(
    struct chan *in, size_t n, void (*fn)(void *item, void *arg), void *arg, struct waitgroup *done)
{
    struct fan fan = {in, fn, arg, done};
    for (size_t i = 0; i < n; i++)
        if (!start_worker(&fan))
            return false;
    return true;
}

struct merge {
    struct chan *out;
    struct waitgroup open; /* inputs */
    struct chan *gate;     /* closed when all have been started, or when that has failed */
    bool failed;
};

struct input {
    struct merge *merge;
    struct chan *in;
};

static void forward(void *arg)
{
    struct input input = *(struct input *)arg;
    free(arg);
    ensure(chan_recv(input.merge->gate, NULL) == CHAN_CLOSED);
    size_t size = input.in->item_size;
    void *item = malloc(size ? size : 1);
    ensure(item);
    while (!input.merge->failed && chan_recv(input.in, item) == CHAN_OK)
        ensure(chan_send(input.merge->out, item) == CHAN_OK);
    free(item);
    waitgroup_done(&input.merge->open);
}

static void close_when_done(void *arg)
{
    struct merge *merge = arg;
    waitgroup_wait(&merge->open);
    chan_close(merge->out);
    if (merge->failed)
        chan_free(&merge->out);
    chan_free(&merge->gate);
    free(merge);
}

static bool start_input(struct merge *merge, struct chan *in)
{
    struct input *input = malloc(sizeof *input);
    if (!input)
        return false;
    *input = (struct input){merge, in};
    waitgroup_add(&merge->open, 1);
    if (co_spawn(forward, input))
        return true;
    waitgroup_done(&merge->open);
    free(input);
    return false;
}

static struct merge *make_merge(size_t item_size, size_t capacity)
{
    struct merge *merge = calloc(1, sizeof *merge);
    if (!merge)
        return NULL;
    merge->out = chan_make(item_size, capacity);
    merge->gate = chan_make(0, 0);
    if (merge->out && merge->gate)
        return merge;
    chan_free(&merge->out);
    chan_free(&merge->gate);
    free(merge);
    return NULL;
}

struct chan *fan_in(struct chan *const *ins, size_t n, size_t capacity)
{
    ensure(n > 0);
    struct merge *merge = make_merge(ins[0]->item_size, capacity);
    if (!merge)
        return NULL;
    waitgroup_add(&merge->open, 1); /* until all inputs are started */
    if (!co_spawn(close_when_done, merge)) {
        chan_free(&merge->out);
        chan_free(&merge->gate);
        free(merge);
        return NULL;
    }
    for (size_t i = 0; i < n && !merge->failed; i++) {
        ensure(ins[i]->item_size == ins[0]->item_size);
        merge->failed = !start_input(merge, ins[i]);
    }
    struct chan *out = merge->failed ? NULL : merge->out;
    chan_close(merge->gate);
    waitgroup_done(&merge->open);
    return out;
}
