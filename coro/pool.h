/* SPDX-License-Identifier: MIT */
/* A fixed number of coroutines that work off a bounded queue of calls. */
#ifndef CORO_POOL_H
#define CORO_POOL_H

#include <stdbool.h>
#include <stddef.h>

#include "coro/ensure.h"
#include "coro/language.h"

CO_C_BEGIN

struct co_pool;

/* `workers` coroutines, and room for `queue` calls that wait. NULL: memory or coroutines ran out.
 */
CO_MUST_CHECK struct co_pool *co_pool_make(size_t workers, size_t queue);

/* Have fn(arg) called by one of them. Parks while the queue is full. */
void co_pool_submit(struct co_pool *pool, void (*fn)(void *arg), void *arg);

/* The same without parking; false: the queue is full. */
CO_MUST_CHECK bool co_pool_try_submit(struct co_pool *pool, void (*fn)(void *arg), void *arg);

/* No more calls: park until all that were submitted are done; free it, null the caller's pointer.
 */
void co_pool_close(struct co_pool **pool);

CO_C_END

#endif
