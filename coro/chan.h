/* SPDX-License-Identifier: MIT */
/*
 * A channel: items of one size pass from senders to receivers in order; unbuffered (capacity 0,
 * the two meet) or buffered. Any number of coroutines may send, receive and close simultaneously.
 *
 *   receiving in a loop until the channel is closed and drained (Go's range):
 *       while (co_chan_recv(ch, &item) == CO_CHAN_OK) ...
 */
#ifndef CORO_CHAN_H
#define CORO_CHAN_H

#include <stdbool.h>
#include <stddef.h>

#include "coro/ensure.h"
#include "coro/language.h"

CO_C_BEGIN

struct co_chan;

enum co_chan_status {
    CO_CHAN_OK,
    CO_CHAN_CLOSED,      /* send: nothing was sent. recv: closed and empty, the item is zeroed */
    CO_CHAN_WOULD_BLOCK, /* only from the try forms */
    CO_CHAN_CANCELLED,   /* only from chan_context.h: the context ended first */
};

/* A channel for items of item_size bytes (0 is allowed: a signal). NULL when memory is short. */
CO_MUST_CHECK struct co_chan *co_chan_make(size_t item_size, size_t capacity);

/* Free it and null the caller's pointer. It must not be in use, now or later. */
void co_chan_free(struct co_chan **chan);

/* Copy *item into the channel / out of it; both may park. On a NULL channel they park forever.
 * `item` may be NULL in recv, the value is dropped then. */
CO_MUST_CHECK enum co_chan_status co_chan_send(struct co_chan *chan, const void *item);
CO_MUST_CHECK enum co_chan_status co_chan_recv(struct co_chan *chan, void *item);

/* The same without ever parking; also from worker callbacks. */
CO_MUST_CHECK enum co_chan_status co_chan_try_send(struct co_chan *chan, const void *item);
CO_MUST_CHECK enum co_chan_status co_chan_try_recv(struct co_chan *chan, void *item);

/* No more sends. Receivers get what is buffered, then CO_CHAN_CLOSED. False: it was closed
 * already. */
bool co_chan_close(struct co_chan *chan);

size_t co_chan_len(struct co_chan *chan); /* items buffered now */
size_t co_chan_cap(struct co_chan *chan);

CO_C_END

#endif
