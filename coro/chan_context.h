/* SPDX-License-Identifier: MIT */
/*
 * Sending and receiving until a context ends: what Go writes as
 *     select { case v := <-ch: ... case <-ctx.Done(): ... }
 * Where a send or receive waits for somebody who may never come, this is the form to use.
 */
#ifndef CORO_CHAN_CONTEXT_H
#define CORO_CHAN_CONTEXT_H

#include "coro/chan.h"
#include "coro/context.h"
#include "coro/language.h"

CO_C_BEGIN

/* As co_chan_send() and co_chan_recv(), but CO_CHAN_CANCELLED once the context has ended: nothing
 * was sent or received then, and co_context_err() says why. A context that has ended goes first,
 * even if the channel is ready. May park. */
CO_MUST_CHECK enum co_chan_status co_chan_context_send(
    struct co_context *context, struct co_chan *chan, const void *item);
CO_MUST_CHECK enum co_chan_status co_chan_context_recv(
    struct co_context *context, struct co_chan *chan, void *item);

CO_C_END

#endif
