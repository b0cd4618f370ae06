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

CO_C_BEGIN

struct co_mutex {
    CO_ATOMIC(uint32_t) state; /* MUTEX_LOCKED | MUTEX_WAITED_FOR */
    struct co_lock guard;
    struct co_waiters waiters;     /* under guard */
    CO_ATOMIC(struct co *) holder; /* NULL: none, or a callback */
};

void co_mutex_lock(struct co_mutex *mutex); /* may park */
CO_MUST_CHECK bool co_mutex_try_lock(struct co_mutex *mutex);
void co_mutex_unlock(struct co_mutex *mutex); /* ensures that the caller holds it; never parks */

/* How many wait for it now, counted up to 1,000; and is it held? Never parks. */
uint32_t co_mutex_waiting(struct co_mutex *mutex);
bool co_mutex_is_held(const struct co_mutex *mutex);

CO_C_END

#endif
