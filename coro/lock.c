/* SPDX-License-Identifier: MIT */
#include "coro/lock.h"

#include <sched.h>

enum { SPINS = 100 };

/* The holder runs a few dozen instructions; if it is not done after SPINS, its thread has lost its
 * processor, and spinning on would only keep it from getting one. */
UNSANITIZED void lock_wait(struct lock *lock)
{
    for (int i = 0; atomic_load_explicit(&lock->held, memory_order_relaxed); i++) {
        if (i < SPINS)
            lock_relax();
        else
            sched_yield();
    }
}
