/* SPDX-License-Identifier: MIT */
/* A fixed number of coroutines that work off a bounded queue of calls. */
#ifndef CORO_POOL_H
#define CORO_POOL_H

#include <stdbool.h>
#include <stddef.h>

#include "coro/ensure.h"
#include "coro/language.h"

CORO_C_BEGIN

struct pool;

/* `workers` coroutines, and room for `queue` calls that wait. NULL: memory or coroutines ran out.
 */
MUST_CHECK struct pool *pool_make(size_t workers, size_t queue);

/* Have fn(arg) called by one of them. Parks while the queue is full. */
void pool_submit(struct pool *pool, void (*fn)(void *arg), void *arg);

/* The same without parking; false: the queue is full. */
MUST_CHECK bool pool_try_submit(struct pool *pool, void (*fn)(void *arg), void *arg);

/* No more calls: park until all that were submitted are done; free it, null the caller's pointer.
 */
void pool_close(struct pool **pool);

CORO_C_END

#endif
