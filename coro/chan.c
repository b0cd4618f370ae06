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

static inline void copy_item(const struct co_chan *chan, void *to, const void *from)
{
    if (!to)
        return;
    if (chan->item_size == sizeof(uint64_t))
        memcpy(to, from, sizeof(uint64_t));
    else if (chan->item_size)
        memcpy(to, from, chan->item_size);
}

static inline char *slot(struct co_chan *chan, size_t offset)
{
    size_t at = chan->head + offset;
    if (at >= chan->capacity)
        at -= chan->capacity;
    return chan->items + at * chan->item_size;
}

struct co_chan *co_chan_make(size_t item_size, size_t capacity)
{
    size_t bytes;
    if (__builtin_mul_overflow(item_size, capacity, &bytes) ||
        __builtin_add_overflow(bytes, sizeof(struct co_chan), &bytes))
        return NULL;
    struct co_chan *chan = malloc(bytes);
    if (!chan)
        return NULL;
    co_chan_init(chan, item_size, capacity);
    return chan;
}

void co_chan_init(struct co_chan *chan, size_t item_size, size_t capacity)
{
    memset(chan, 0, sizeof *chan);
    chan->magic = CO_CHAN_MAGIC;
    chan->item_size = item_size;
    chan->capacity = capacity;
}

void co_chan_term(struct co_chan *chan)
{
    co_chan_check(chan);
    co_lock_take(&chan->lock);
    if (co_runtime.workers) /* else those who waited are gone */
        co_ensure(!chan->senders.first && !chan->receivers.first);
    chan->magic = 0;
    co_lock_drop(&chan->lock);
}

void co_chan_free(struct co_chan **chan)
{
    if (!*chan)
        return;
    co_chan_term(*chan);
    free(*chan);
    *chan = NULL;
}

enum co_chan_status co_chan_send_now(struct co_chan *chan, const void *item, struct co **woken)
{
    if (chan->closed)
        return CO_CHAN_CLOSED;
    struct co_waiter *receiver = co_waiters_claim(&chan->receivers);
    if (receiver) {
        copy_item(chan, receiver->item, item);
        receiver->status = CO_CHAN_OK;
        *woken = receiver->co;
        return CO_CHAN_OK;
    }
    if (chan->count == chan->capacity)
        return CO_CHAN_WOULD_BLOCK;
    copy_item(chan, slot(chan, chan->count), item);
    chan->count++;
    return CO_CHAN_OK;
}

enum co_chan_status co_chan_recv_now(struct co_chan *chan, void *item, struct co **woken)
{
    /* The oldest item is in the buffer; a sender that waited for room moves up. */
    if (chan->count > 0) {
        copy_item(chan, item, slot(chan, 0));
        chan->head = chan->head + 1 == chan->capacity ? 0 : chan->head + 1;
        chan->count--;
        struct co_waiter *sender = co_waiters_claim(&chan->senders);
        if (sender) { /* there is room for its item now */
            copy_item(chan, slot(chan, chan->count++), sender->item);
            sender->status = CO_CHAN_OK;
            *woken = sender->co;
        }
        return CO_CHAN_OK;
    }

    /* Nothing is buffered: take it from a sender directly. */
    struct co_waiter *sender = co_waiters_claim(&chan->senders);
    if (sender) {
        copy_item(chan, item, sender->item);
        sender->status = CO_CHAN_OK;
        *woken = sender->co;
        return CO_CHAN_OK;
    }

    if (!chan->closed)
        return CO_CHAN_WOULD_BLOCK;
    if (item)
        memset(item, 0, chan->item_size);
    return CO_CHAN_CLOSED;
}

CO_UNSANITIZED static bool commit_forever(struct co *co, void *arg)
{
    (void)co, (void)arg;
    return true;
}

static enum co_chan_status send(struct co_chan *chan, const void *item)
{
    if (!chan)
        co_park("send on a NULL channel", commit_forever, NULL);
    struct co *woken = NULL;
    co_chan_check(chan);
    co_lock_take(&chan->lock);
    enum co_chan_status status = co_chan_send_now(chan, item, &woken);
    if (status == CO_CHAN_WOULD_BLOCK) {
        struct co_waiter waiter = {.co = co_current(), .item = (void *)(uintptr_t)item};
        co_waiters_push(&chan->senders, &waiter);
        co_park_with("channel send", &chan->lock);
        return (enum co_chan_status)waiter.status;
    }
    co_lock_drop(&chan->lock);
    if (woken)
        co_ready(woken);
    return status;
}

static enum co_chan_status recv(struct co_chan *chan, void *item)
{
    if (!chan)
        co_park("receive on a NULL channel", commit_forever, NULL);
    struct co *woken = NULL;
    co_chan_check(chan);
    co_lock_take(&chan->lock);
    enum co_chan_status status = co_chan_recv_now(chan, item, &woken);
    if (status == CO_CHAN_WOULD_BLOCK) {
        struct co_waiter waiter = {.co = co_current(), .item = item};
        co_waiters_push(&chan->receivers, &waiter);
        co_park_with("channel receive", &chan->lock);
        return (enum co_chan_status)waiter.status;
    }
    co_lock_drop(&chan->lock);
    if (woken)
        co_ready(woken);
    return status;
}

/* In a seeded run others may go first, and the observer is told. */
enum co_chan_status co_chan_send(struct co_chan *chan, const void *item)
{
    if (!co_is_seeded())
        return send(chan, item);
    co_preempt();
    enum co_chan_status status = send(chan, item);
    co_schedule_tell(CO_SCHEDULE_SENT, co_current(), NULL, &chan->lock);
    return status;
}

enum co_chan_status co_chan_recv(struct co_chan *chan, void *item)
{
    if (!co_is_seeded())
        return recv(chan, item);
    co_preempt();
    enum co_chan_status status = recv(chan, item);
    co_schedule_tell(CO_SCHEDULE_RECEIVED, co_current(), NULL, &chan->lock);
    return status;
}

enum co_chan_status co_chan_try_send(struct co_chan *chan, const void *item)
{
    if (!chan)
        return CO_CHAN_WOULD_BLOCK;
    struct co *woken = NULL;
    co_chan_check(chan);
    co_lock_take(&chan->lock);
    enum co_chan_status status = co_chan_send_now(chan, item, &woken);
    co_lock_drop(&chan->lock);
    if (woken)
        co_ready(woken);
    return status;
}

enum co_chan_status co_chan_try_recv(struct co_chan *chan, void *item)
{
    if (!chan)
        return CO_CHAN_WOULD_BLOCK;
    struct co *woken = NULL;
    co_chan_check(chan);
    co_lock_take(&chan->lock);
    enum co_chan_status status = co_chan_recv_now(chan, item, &woken);
    co_lock_drop(&chan->lock);
    if (woken)
        co_ready(woken);
    return status;
}

static void tell_closed(
    const struct co_chan *chan, struct co_waiters *from, struct co_waiters *told)
{
    for (struct co_waiter *waiter; (waiter = co_waiters_claim(from));) {
        if (from == &chan->receivers && waiter->item)
            memset(waiter->item, 0, chan->item_size);
        waiter->status = CO_CHAN_CLOSED;
        co_waiters_push(told, waiter);
    }
}

bool co_chan_close(struct co_chan *chan)
{
    co_ensure(chan); /* closing a NULL channel is a bug, as in Go */
    struct co_waiters told = {0};
    co_chan_check(chan);
    co_lock_take(&chan->lock);
    bool was_open = !chan->closed;
    chan->closed = true;
    tell_closed(chan, &chan->receivers, &told);
    tell_closed(chan, &chan->senders, &told);
    co_lock_drop(&chan->lock);
    co_waiters_ready_all(&told); /* after the drop: one of them may free the channel */
    return was_open;
}

size_t co_chan_len(struct co_chan *chan)
{
    if (!chan)
        return 0;
    co_lock_take(&chan->lock);
    size_t count = chan->count;
    co_lock_drop(&chan->lock);
    return count;
}

size_t co_chan_cap(struct co_chan *chan)
{
    return chan ? chan->capacity : 0;
}
