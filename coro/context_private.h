/* SPDX-License-Identifier: MIT */
/* Waiting with a context, for the files of coro/: the context as one of the things waited for. */
#ifndef CORO_CONTEXT_PRIVATE_H
#define CORO_CONTEXT_PRIVATE_H

#include "coro/context.h"
#include "coro/wait.h"

/* Put the waiter into the context's list and keep the context locked until context_enlisted(),
 * which belongs into the commit of the park. False: it has ended, nothing is listed or locked. */
MUST_CHECK bool context_enlist(struct context *context, struct waiter *waiter);
void context_enlisted(struct context *context);

/* After the wake: take the waiter out if it is still listed. */
void context_delist(struct context *context, struct waiter *waiter);

#endif
