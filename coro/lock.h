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

CORO_C_BEGIN

struct lock {
    CORO_ATOMIC(uint32_t) held;
};

/* Spin a little, then give the processor away, until the lock is seen free. */
void lock_wait(struct lock *lock);

#ifndef __cplusplus
/* Tell the processor that this is a spin loop. */
static inline void lock_relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb");
#endif
}

static inline void lock_take(struct lock *lock)
{
    while (atomic_exchange_explicit(&lock->held, 1, memory_order_acquire))
        lock_wait(lock);
}

static inline void lock_drop(struct lock *lock)
{
    atomic_store_explicit(&lock->held, 0, memory_order_release);
}

UNSANITIZED static inline void lock_take_unseen(struct lock *lock)
{
    while (atomic_exchange_explicit(&lock->held, 1, memory_order_acquire))
        lock_wait(lock);
}

UNSANITIZED static inline void lock_drop_unseen(struct lock *lock)
{
    atomic_store_explicit(&lock->held, 0, memory_order_release);
}
#endif

CORO_C_END

#endif
