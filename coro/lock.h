/* SPDX-License-Identifier: MIT */
/*
 * A lock for a few dozen instructions, between threads. Never held across anything that blocks;
 * when a coroutine parks with one, its commit drops it. All zero is free.
 *
 * The `unseen` pair is for the scheduler's own state and for commits: ThreadSanitizer does not see
 * it, so that two coroutines which merely share a worker are not taken for synchronised.
 */
#ifndef CORO_LOCK_H
#define CORO_LOCK_H

#include <stdint.h>

#include "coro/language.h"
#include "coro/sanitize.h"

CO_C_BEGIN

struct co_lock {
    CO_ATOMIC(uint32_t) held;
};

/* Spin a little, then give the processor away, until the lock is seen free. */
void co_lock_wait(struct co_lock *lock);

#ifndef __cplusplus
/* Tell the processor that this is a spin loop. */
static inline void co_lock_relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb");
#endif
}

static inline void co_lock_take(struct co_lock *lock)
{
    while (atomic_exchange_explicit(&lock->held, 1, memory_order_acquire))
        co_lock_wait(lock);
}

static inline void co_lock_drop(struct co_lock *lock)
{
    atomic_store_explicit(&lock->held, 0, memory_order_release);
}

CO_UNSANITIZED static inline void co_lock_take_unseen(struct co_lock *lock)
{
    while (atomic_exchange_explicit(&lock->held, 1, memory_order_acquire))
        co_lock_wait(lock);
}

CO_UNSANITIZED static inline void co_lock_drop_unseen(struct co_lock *lock)
{
    atomic_store_explicit(&lock->held, 0, memory_order_release);
}
#endif

CO_C_END

#endif
