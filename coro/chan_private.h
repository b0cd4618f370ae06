/* SPDX-License-Identifier: MIT */
/* What a channel is made of, and its operations in parts, for the files of coro/. */
#ifndef CORO_CHAN_PRIVATE_H
#define CORO_CHAN_PRIVATE_H

#include <stdint.h>

#include "coro/chan.h"
#include "coro/lock.h"
#include "coro/wait.h"

/*
 * Under the lock: at most one of senders and receivers has waiters (but for a select that sends
 * and receives on one channel); receivers wait only while count is 0, senders only while it is the
 * capacity; after closing there are none.
 */
struct co_chan {
    struct co_lock lock;
    uint32_t magic;
    bool closed;
    size_t item_size, capacity;
    size_t count, head; /* items buffered, and where the oldest is */
    struct co_waiters senders, receivers;
    char items[];
};

/* In memory of the caller's that has room for the items behind it: co_chan_make() and
 * co_chan_free() without the heap. */
void co_chan_init(struct co_chan *chan, size_t item_size, size_t capacity);
void co_chan_term(struct co_chan *chan);

/*
 * Do it now, if it can be done now: CO_CHAN_OK, CO_CHAN_CLOSED or CO_CHAN_WOULD_BLOCK. Called with
 * the lock held; the caller drops it, and then readies *woken, if any.
 */
enum co_chan_status co_chan_send_now(struct co_chan *chan, const void *item, struct co **woken);
enum co_chan_status co_chan_recv_now(struct co_chan *chan, void *item, struct co **woken);

/* It is a channel, and not a freed one. */
enum { CO_CHAN_MAGIC = 0x63686e21 };
static inline void co_chan_check(const struct co_chan *chan)
{
    co_ensure(chan->magic == CO_CHAN_MAGIC);
}

#endif
