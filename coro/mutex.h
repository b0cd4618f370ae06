/* SPDX-License-Identifier: MIT */
/*
 * Mutual exclusion between coroutines: a waiter parks, its worker goes on with others. Not
 * recursive. A waiter that has waited for 1 ms is handed the lock directly (as Go's sync.Mutex),
 * so none starves. All zero is unlocked and ready for use.
 */
#ifndef CORO_MUTEX_H
#define CORO_MUTEX_H

#include <stdbool.h>
#include <stdatomic.h>
#include <stdint.h>

#include "coro/ensure.h"

struct mutex {
    _Atomic uint32_t state;
    _Atomic uint32_t guard;
    void *first, *last; /* the waiters, under guard */
    struct co *holder;  /* for reports and for the check that it is the holder who unlocks */
};

void mutex_lock(struct mutex *mutex);          /* may park */
MUST_CHECK bool mutex_try_lock(struct mutex *mutex);
void mutex_unlock(struct mutex *mutex);        /* ensures that it is locked; never parks */

#endif
