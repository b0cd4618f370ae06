/* SPDX-License-Identifier: MIT */
/*
 * Many readers or one writer. First come, first served: a reader that comes while a writer waits
 * stands behind it, so neither side starves. Not recursive. All zero is unlocked.
 */
#ifndef CORO_RWMUTEX_H
#define CORO_RWMUTEX_H

#include <stdbool.h>

#include "coro/language.h"
#include "coro/lock.h"
#include "coro/wait.h"

CO_C_BEGIN

struct co_rwmutex {
    struct co_lock guard;
    int readers; /* that hold it; the rest: under guard, too */
    bool writing;
    struct co_waiters waiters;
};

void co_rwmutex_read_lock(struct co_rwmutex *rwmutex); /* may park */
void co_rwmutex_read_unlock(struct co_rwmutex *rwmutex);
void co_rwmutex_write_lock(struct co_rwmutex *rwmutex); /* may park */
void co_rwmutex_write_unlock(struct co_rwmutex *rwmutex);

CO_C_END

#endif
