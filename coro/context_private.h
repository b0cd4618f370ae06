/* SPDX-License-Identifier: MIT */
/* Waiting with a context, for the files of coro/: the context as one of the things waited for. */
#ifndef CORO_CONTEXT_PRIVATE_H
#define CORO_CONTEXT_PRIVATE_H

#include "coro/context.h"
#include "coro/wait.h"

/* Put the waiter into the context's list and keep the context locked until co_context_enlisted(),
 * which belongs into the commit of the park. False: it has ended, nothing is listed or locked. */
CO_MUST_CHECK bool co_context_enlist(struct co_context *context, struct co_waiter *waiter);
void co_context_enlisted(struct co_context *context);

/* After the wake: take the waiter out if it is still listed. */
void co_context_delist(struct co_context *context, struct co_waiter *waiter);

#endif
