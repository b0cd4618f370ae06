/* SPDX-License-Identifier: MIT */
/*
 * Mutual exclusion between coroutines: a waiter parks, its worker goes on with others. Not
 * recursive. A waiter that has waited for 1 ms is handed the lock directly (as Go's sync.Mutex),
 * so no waiter starves. All zero is unlocked and ready for use.
 */
#ifndef CORO_MUTEX_H
#define CORO_MUTEX_H

#include <stdbool.h>
#include <stdint.h>

#include "coro/ensure.h"
#include "coro/language.h"
#include "coro/lock.h"
#include "coro/wait.h"

CORO_C_BEGIN

struct mutex {
    CORO_ATOMIC(uint32_t) state; /* MUTEX_LOCKED | MUTEX_WAITED_FOR */
    struct lock guard;
    struct waiters waiters;          /* under guard */
    CORO_ATOMIC(struct co *) holder; /* NULL: none, or a callback */
};

void mutex_lock(struct mutex *mutex); /* may park */
MUST_CHECK bool mutex_try_lock(struct mutex *mutex);
void mutex_unlock(struct mutex *mutex); /* ensures that the caller holds it; never parks */

/* How many wait for it now, counted up to 1,000; and is it held? Never parks. */
uint32_t mutex_waiting(struct mutex *mutex);
bool mutex_is_held(const struct mutex *mutex);

CORO_C_END

#endif
