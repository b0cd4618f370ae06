/* SPDX-License-Identifier: MIT */
/* A number of permits. First come, first served, also for one that wants several together. All zero
 * is a semaphore without a permit. */
#ifndef CORO_SEMAPHORE_H
#define CORO_SEMAPHORE_H

#include <stdbool.h>
#include <stdint.h>

#include "coro/context.h"
#include "coro/language.h"
#include "coro/lock.h"
#include "coro/wait.h"

CO_C_BEGIN

struct co_semaphore {
    struct co_lock guard;
    int64_t free; /* >= 0 */
    struct co_waiters waiters;
};

/* Take n permits, n >= 0: parks until there are that many. False: the context ended first, and none
 * was taken. */
CO_MUST_CHECK bool co_semaphore_acquire(
    struct co_context *context, struct co_semaphore *semaphore, int64_t n);

/* The same without parking; false also when another coroutine waits already. */
CO_MUST_CHECK bool co_semaphore_try_acquire(struct co_semaphore *semaphore, int64_t n);

/* Give n permits (back). Never parks. */
void co_semaphore_release(struct co_semaphore *semaphore, int64_t n);

CO_C_END

#endif
