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

CORO_C_BEGIN

/* As chan_send() and chan_recv(), but CHAN_CANCELLED once the context has ended: nothing was sent
 * or received then, and context_err() says why. A context that has ended goes first, even if the
 * channel is ready. May park. */
MUST_CHECK enum chan_status chan_context_send(
    struct context *context, struct chan *chan, const void *item);
MUST_CHECK enum chan_status chan_context_recv(
    struct context *context, struct chan *chan, void *item);

CORO_C_END

#endif
