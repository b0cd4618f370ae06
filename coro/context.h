/* SPDX-License-Identifier: MIT */
/*
 * A context carries "stop now" and "until when" down a tree of calls (Go's context.Context).
 * Cancelling one cancels all that were made from it. It is the first argument of every call that
 * waits; whoever made it releases it.
 */
#ifndef CORO_CONTEXT_H
#define CORO_CONTEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "coro/ensure.h"
#include "coro/language.h"

CO_C_BEGIN

struct co_chan;
struct co_context;

enum co_context_status { CO_CONTEXT_OK, CO_CONTEXT_CANCELLED, CO_CONTEXT_DEADLINE };

/* Never cancelled, no deadline; not to be released. */
struct co_context *co_context_background(void);

/* A child of parent; NULL when memory is short. The earlier of its own and the parent's deadline
 * holds. deadline_ns is on co_clock_now_ns(). */
CO_MUST_CHECK struct co_context *co_context_with_cancel(struct co_context *parent);
CO_MUST_CHECK struct co_context *co_context_with_timeout(
    struct co_context *parent, int64_t timeout_ns);
CO_MUST_CHECK struct co_context *co_context_with_deadline(
    struct co_context *parent, int64_t deadline_ns);

/* Cancel it and its descendants; again is harmless. From any coroutine or worker callback. */
void co_context_cancel(struct co_context *context);

/* Cancel it, give its memory back and null the caller's pointer. Children must be released first,
 * and no coroutine may be waiting with it. */
void co_context_release(struct co_context **context);

enum co_context_status co_context_err(struct co_context *context);

/* A channel that is closed when the context ends, for select. Owned by the context; NULL, which is
 * never ready, for the background alone. */
struct co_chan *co_context_done(struct co_context *context);

/* False: it has no deadline. */
bool co_context_deadline(struct co_context *context, int64_t *deadline_ns);

CO_C_END

#endif
