/* SPDX-License-Identifier: MIT */
#include "coro/once.h"

void co_once_do(struct co_once *once, void (*fn)(void *arg), void *arg)
{
    if (atomic_load_explicit(&once->done, memory_order_acquire))
        return;
    co_mutex_lock(&once->mutex);
    if (!atomic_load_explicit(&once->done, memory_order_relaxed)) {
        fn(arg);
        atomic_store_explicit(&once->done, true, memory_order_release);
    }
    co_mutex_unlock(&once->mutex);
}
