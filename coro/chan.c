/* SPDX-License-Identifier: MIT */
/*
 * A sender that finds a receiver waiting copies straight to where that one wants the item (on its
 * parked stack), and vice versa. The invariants are in chan_private.h. Lock order: a
 * context's lock, then a channel's.
 */
#include "coro/chan.h"

#include <stdlib.h>
#include <string.h>

#include "coro/chan_private.h"
#include "coro/co.h"
#include "coro/sched_private.h"

static inline void copy_item(const struct chan *chan, void *to, const void *from)
{
    if (!to)
        return;
    if (chan->item_size == sizeof(uint64_t))
        memcpy(to, from, sizeof(uint64_t));
    else if (chan->item_size)
        memcpy(to, from, chan->item_size);
}

static inline char *slot(struct chan *chan, size_t offset)
{
    size_t at = chan->head + offset;
    if (at >= chan->capacity)
        at -= chan->capacity;
    return chan->items + at * chan->item_size;
}

struct chan *chan_make(size_t item_size, size_t capacity)
{
    size_t bytes;
    if (__builtin_mul_overflow(item_size, capacity, &bytes) ||
        __builtin_add_overflow(bytes, sizeof(struct chan), &bytes))
        return NULL;
    struct chan *chan = malloc(bytes);
    if (!chan)
        return NULL;
    memset(chan, 0, sizeof *chan);
    chan->magic = CHAN_MAGIC;
    chan->item_size = item_size;
    chan->capacity = capacity;
    return chan;
}

void chan_free(struct chan **chan)
{
    if (!*chan)
        return;
    chan_check(*chan);
    lock_take(&(*chan)->lock);
    if (runtime.workers) /* else those who waited are gone */
        ensure(!(*chan)->senders.first && !(*chan)->receivers.first);
    (*chan)->magic = 0;
    lock_drop(&(*chan)->lock);
    free(*chan);
    *chan = NULL;
}

enum chan_status chan_send_now(struct chan *chan, const void *item, struct co **woken)
{
    if (chan->closed)
        return CHAN_CLOSED;
    struct waiter *receiver = waiters_claim(&chan->receivers);
    if (receiver) {
        copy_item(chan, receiver->item, item);
        receiver->status = CHAN_OK;
        *woken = receiver->co;
        return CHAN_OK;
    }
    if (chan->count == chan->capacity)
        return CHAN_WOULD_BLOCK;
    copy_item(chan, slot(chan, chan->count), item);
    chan->count++;
    return CHAN_OK;
}

enum chan_status chan_recv_now(struct chan *chan, void *item, struct co **woken)
{
    /* The oldest item is in the buffer; a sender that waited for room moves up. */
    if (chan->count > 0) {
        copy_item(chan, item, slot(chan, 0));
        chan->head = chan->head + 1 == chan->capacity ? 0 : chan->head + 1;
        chan->count--;
        struct waiter *sender = waiters_claim(&chan->senders);
        if (sender) { /* there is room for its item now */
            copy_item(chan, slot(chan, chan->count++), sender->item);
            sender->status = CHAN_OK;
            *woken = sender->co;
        }
        return CHAN_OK;
    }

    /* Nothing is buffered: take it from a sender directly. */
    struct waiter *sender = waiters_claim(&chan->senders);
    if (sender) {
        copy_item(chan, item, sender->item);
        sender->status = CHAN_OK;
        *woken = sender->co;
        return CHAN_OK;
    }

    if (!chan->closed)
        return CHAN_WOULD_BLOCK;
    if (item)
        memset(item, 0, chan->item_size);
    return CHAN_CLOSED;
}

UNSANITIZED static bool commit_forever(struct co *co, void *arg)
{
    (void)co, (void)arg;
    return true;
}

static enum chan_status send(struct chan *chan, const void *item)
{
    if (!chan)
        co_park("send on a NULL channel", commit_forever, NULL);
    struct co *woken = NULL;
    chan_check(chan);
    lock_take(&chan->lock);
    enum chan_status status = chan_send_now(chan, item, &woken);
    if (status == CHAN_WOULD_BLOCK) {
        struct waiter waiter = {.co = co_current(), .item = (void *)(uintptr_t)item};
        waiters_push(&chan->senders, &waiter);
        co_park_with("channel send", &chan->lock);
        return (enum chan_status)waiter.status;
    }
    lock_drop(&chan->lock);
    if (woken)
        co_ready(woken);
    return status;
}

static enum chan_status recv(struct chan *chan, void *item)
{
    if (!chan)
        co_park("receive on a NULL channel", commit_forever, NULL);
    struct co *woken = NULL;
    chan_check(chan);
    lock_take(&chan->lock);
    enum chan_status status = chan_recv_now(chan, item, &woken);
    if (status == CHAN_WOULD_BLOCK) {
        struct waiter waiter = {.co = co_current(), .item = item};
        waiters_push(&chan->receivers, &waiter);
        co_park_with("channel receive", &chan->lock);
        return (enum chan_status)waiter.status;
    }
    lock_drop(&chan->lock);
    if (woken)
        co_ready(woken);
    return status;
}

/* In a seeded run others may go first, and the observer is told. */
enum chan_status chan_send(struct chan *chan, const void *item)
{
    if (!co_is_seeded())
        return send(chan, item);
    co_preempt();
    enum chan_status status = send(chan, item);
    schedule_tell(SCHEDULE_SENT, co_current(), NULL, &chan->lock);
    return status;
}

enum chan_status chan_recv(struct chan *chan, void *item)
{
    if (!co_is_seeded())
        return recv(chan, item);
    co_preempt();
    enum chan_status status = recv(chan, item);
    schedule_tell(SCHEDULE_RECEIVED, co_current(), NULL, &chan->lock);
    return status;
}

enum chan_status chan_try_send(struct chan *chan, const void *item)
{
    if (!chan)
        return CHAN_WOULD_BLOCK;
    struct co *woken = NULL;
    chan_check(chan);
    lock_take(&chan->lock);
    enum chan_status status = chan_send_now(chan, item, &woken);
    lock_drop(&chan->lock);
    if (woken)
        co_ready(woken);
    return status;
}

enum chan_status chan_try_recv(struct chan *chan, void *item)
{
    if (!chan)
        return CHAN_WOULD_BLOCK;
    struct co *woken = NULL;
    chan_check(chan);
    lock_take(&chan->lock);
    enum chan_status status = chan_recv_now(chan, item, &woken);
    lock_drop(&chan->lock);
    if (woken)
        co_ready(woken);
    return status;
}

static void tell_closed(const struct chan *chan, struct waiters *from, struct waiters *told)
{
    for (struct waiter *waiter; (waiter = waiters_claim(from));) {
        if (from == &chan->receivers && waiter->item)
            memset(waiter->item, 0, chan->item_size);
        waiter->status = CHAN_CLOSED;
        waiters_push(told, waiter);
    }
}

bool chan_close(struct chan *chan)
{
    ensure(chan); /* closing a NULL channel is a bug, as in Go */
    struct waiters told = {0};
    chan_check(chan);
    lock_take(&chan->lock);
    bool was_open = !chan->closed;
    chan->closed = true;
    tell_closed(chan, &chan->receivers, &told);
    tell_closed(chan, &chan->senders, &told);
    lock_drop(&chan->lock);
    waiters_ready_all(&told); /* after the drop: one of them may free the channel */
    return was_open;
}

size_t chan_len(struct chan *chan)
{
    if (!chan)
        return 0;
    lock_take(&chan->lock);
    size_t count = chan->count;
    lock_drop(&chan->lock);
    return count;
}

size_t chan_cap(struct chan *chan)
{
    return chan ? chan->capacity : 0;
}
