/* SPDX-License-Identifier: MIT */
/* Channel operations in the parts that select needs, for the files of coro/. */
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
struct chan {
    struct lock lock;
    uint32_t magic;
    bool closed;
    size_t item_size, capacity;
    size_t count, head; /* items buffered, and where the oldest is */
    struct waiters senders, receivers;
    char items[];
};

/*
 * Do it now, if it can be done now: CHAN_OK, CHAN_CLOSED or CHAN_WOULD_BLOCK. Called with the lock
 * held; the caller drops it, and then readies *woken, if any.
 */
enum chan_status chan_send_now(struct chan *chan, const void *item, struct co **woken);
enum chan_status chan_recv_now(struct chan *chan, void *item, struct co **woken);

/* It is a channel, and not a freed one. */
enum { CHAN_MAGIC = 0x63686e21 };
static inline void chan_check(const struct chan *chan)
{
    ensure(chan->magic == CHAN_MAGIC);
}

#endif
