/* SPDX-License-Identifier: MIT */
/*
 * A channel: items of one size pass from senders to receivers in order; unbuffered (capacity 0,
 * the two meet) or buffered. Any number of coroutines may send, receive and close simultaneously.
 *
 *   receiving in a loop until the channel is closed and drained (Go's range):
 *       while (chan_recv(ch, &item) == CHAN_OK) ...
 */
#ifndef CORO_CHAN_H
#define CORO_CHAN_H

#include <stdbool.h>
#include <stddef.h>

#include "coro/ensure.h"
#include "coro/language.h"

CORO_C_BEGIN

struct chan;

enum chan_status {
    CHAN_OK,
    CHAN_CLOSED,      /* send: nothing was sent. recv: closed and empty, the item is zeroed */
    CHAN_WOULD_BLOCK, /* only from the try forms */
    CHAN_CANCELLED,   /* only from chan_context.h: the context ended first */
};

/* A channel for items of item_size bytes (0 is allowed: a signal). NULL when memory is short. */
MUST_CHECK struct chan *chan_make(size_t item_size, size_t capacity);

/* Free it and null the caller's pointer. It must not be in use, now or later. */
void chan_free(struct chan **chan);

/* Copy *item into the channel / out of it; both may park. On a NULL channel they park forever.
 * `item` may be NULL in recv, the value is dropped then. */
MUST_CHECK enum chan_status chan_send(struct chan *chan, const void *item);
MUST_CHECK enum chan_status chan_recv(struct chan *chan, void *item);

/* The same without ever parking; also from worker callbacks. */
MUST_CHECK enum chan_status chan_try_send(struct chan *chan, const void *item);
MUST_CHECK enum chan_status chan_try_recv(struct chan *chan, void *item);

/* No more sends. Receivers get what is buffered, then CHAN_CLOSED. False: it was closed already. */
bool chan_close(struct chan *chan);

size_t chan_len(struct chan *chan); /* items buffered now */
size_t chan_cap(struct chan *chan);

CORO_C_END

#endif
