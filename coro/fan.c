/* SPDX-License-Identifier: MIT */
#include "coro/fan.h"

#include <stdlib.h>
#include <string.h>

#include "coro/chan_private.h"
#include "coro/co.h"

struct fan {
    struct co_chan *in;
    void (*fn)(void *item, void *arg);
    void *arg;
    struct co_waitgroup *done;
    _Alignas(max_align_t) char item[]; /* the one in hand, of the channel's size */
};

static void fan_worker(void *arg)
{
    struct fan *fan = arg;
    while (co_chan_recv(fan->in, fan->item) == CO_CHAN_OK)
        fan->fn(fan->item, fan->arg);
    struct co_waitgroup *done = fan->done;
    free(fan);
    co_waitgroup_done(done);
}

static bool start_worker(const struct fan *fan)
{
    struct fan *own = malloc(sizeof *own + fan->in->item_size);
    if (!own)
        return false;
    memcpy(own, fan, sizeof *own);
    co_waitgroup_add(fan->done, 1);
    if (co_spawn(fan_worker, own))
        return true;
    co_waitgroup_done(fan->done);
    free(own);
    return false;
}

bool co_fan_out(struct co_chan *in, size_t n, void (*fn)(void *item, void *arg), void *arg,
    struct co_waitgroup *done)
{
    struct fan fan = {.in = in, .fn = fn, .arg = arg, .done = done};
    for (size_t i = 0; i < n; i++)
        if (!start_worker(&fan))
            return false;
    return true;
}

struct merge {
    struct co_chan *out;
    struct co_waitgroup open; /* inputs */
    struct co_chan *gate;     /* closed when all have been started, or when that has failed */
    bool failed;
};

struct input {
    struct merge *merge;
    struct co_chan *in;
    _Alignas(max_align_t) char item[]; /* as in a fan */
};

static void forward(void *arg)
{
    struct input *input = arg;
    struct merge *merge = input->merge;
    co_ensure(co_chan_recv(merge->gate, NULL) == CO_CHAN_CLOSED);
    while (!merge->failed && co_chan_recv(input->in, input->item) == CO_CHAN_OK)
        co_ensure(co_chan_send(merge->out, input->item) == CO_CHAN_OK);
    free(input);
    co_waitgroup_done(&merge->open);
}

static void close_when_done(void *arg)
{
    struct merge *merge = arg;
    co_waitgroup_wait(&merge->open);
    co_chan_close(merge->out);
    if (merge->failed)
        co_chan_free(&merge->out);
    co_chan_free(&merge->gate);
    free(merge);
}

static bool start_input(struct merge *merge, struct co_chan *in)
{
    struct input *input = malloc(sizeof *input + in->item_size);
    if (!input)
        return false;
    input->merge = merge;
    input->in = in;
    co_waitgroup_add(&merge->open, 1);
    if (co_spawn(forward, input))
        return true;
    co_waitgroup_done(&merge->open);
    free(input);
    return false;
}

static struct merge *make_merge(size_t item_size, size_t capacity)
{
    struct merge *merge = calloc(1, sizeof *merge);
    if (!merge)
        return NULL;
    merge->out = co_chan_make(item_size, capacity);
    merge->gate = co_chan_make(0, 0);
    if (merge->out && merge->gate)
        return merge;
    co_chan_free(&merge->out);
    co_chan_free(&merge->gate);
    free(merge);
    return NULL;
}

struct co_chan *co_fan_in(struct co_chan *const *ins, size_t n, size_t capacity)
{
    co_ensure(n > 0);
    struct merge *merge = make_merge(ins[0]->item_size, capacity);
    if (!merge)
        return NULL;
    co_waitgroup_add(&merge->open, 1); /* until all inputs are started */
    if (!co_spawn(close_when_done, merge)) {
        co_chan_free(&merge->out);
        co_chan_free(&merge->gate);
        free(merge);
        return NULL;
    }
    for (size_t i = 0; i < n && !merge->failed; i++) {
        co_ensure(ins[i]->item_size == ins[0]->item_size);
        merge->failed = !start_input(merge, ins[i]);
    }
    struct co_chan *out = merge->failed ? NULL : merge->out;
    co_chan_close(merge->gate);
    co_waitgroup_done(&merge->open);
    return out;
}
