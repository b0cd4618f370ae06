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

CORO_C_BEGIN

struct rwmutex {
    struct lock guard;
    int readers; /* that hold it; the rest: under guard, too */
    bool writing;
    struct waiters waiters;
};

void rwmutex_read_lock(struct rwmutex *rwmutex); /* may park */
void rwmutex_read_unlock(struct rwmutex *rwmutex);
void rwmutex_write_lock(struct rwmutex *rwmutex); /* may park */
void rwmutex_write_unlock(struct rwmutex *rwmutex);

CORO_C_END

#endif
