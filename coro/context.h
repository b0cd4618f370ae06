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

CORO_C_BEGIN

struct chan;
struct context;

enum context_status { CONTEXT_OK, CONTEXT_CANCELLED, CONTEXT_DEADLINE };

/* Never cancelled, no deadline; not to be released. */
struct context *context_background(void);

/* A child of parent; NULL when memory is short. The earlier of its own and the parent's deadline
 * holds. deadline_ns is on clock_now_ns(). */
MUST_CHECK struct context *context_with_cancel(struct context *parent);
MUST_CHECK struct context *context_with_timeout(struct context *parent, int64_t timeout_ns);
MUST_CHECK struct context *context_with_deadline(struct context *parent, int64_t deadline_ns);

/* Cancel it and its descendants; again is harmless. From any coroutine or worker callback. */
void context_cancel(struct context *context);

/* Cancel it, give its memory back and null the caller's pointer. Children must be released first,
 * and no coroutine may be waiting with it. */
void context_release(struct context **context);

enum context_status context_err(struct context *context);

/* A channel that is closed when the context ends, for select. Owned by the context. */
struct chan *context_done(struct context *context);

/* False: it has no deadline. */
bool context_deadline(struct context *context, int64_t *deadline_ns);

CORO_C_END

#endif
