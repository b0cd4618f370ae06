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

CORO_C_BEGIN

struct semaphore {
    struct lock guard;
    int64_t free; /* >= 0 */
    struct waiters waiters;
};

/* Take n permits, n >= 0: parks until there are that many. False: the context ended first, and none
 * was taken. */
MUST_CHECK bool semaphore_acquire(struct context *context, struct semaphore *semaphore, int64_t n);

/* The same without parking; false also when another coroutine waits already. */
MUST_CHECK bool semaphore_try_acquire(struct semaphore *semaphore, int64_t n);

/* Give n permits (back). Never parks. */
void semaphore_release(struct semaphore *semaphore, int64_t n);

CORO_C_END

#endif
