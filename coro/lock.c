/* SPDX-License-Identifier: MIT */
#include "coro/lock.h"

#include <sched.h>

enum { FIRST = 8, MOST = 256 };

/*
 * The longer it waits, the longer it looks away: each look takes the cache line from the holder,
 * whose next operations on the same channel or mutex would be cheap without. A holder runs a few
 * dozen instructions; if it is not done after MOST, its thread has lost its processor, and to spin
 * on would only keep it from getting one.
 */
CO_UNSANITIZED void co_lock_wait(struct co_lock *lock)
{
    for (int pause = FIRST; atomic_load_explicit(&lock->held, memory_order_relaxed);) {
        for (int i = 0; i < pause; i++)
            co_lock_relax();
        if (pause < MOST)
            pause *= 2;
        else
            sched_yield();
    }
}
