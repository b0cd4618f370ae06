/* SPDX-License-Identifier: MIT */
/* Lock order: a cond's guard, then a mutex's. */
#include "coro/cond.h"

#include "coro/co.h"
#include "coro/sched_private.h"

void co_cond_wait(struct co_cond *cond, struct co_mutex *mutex)
{
    co_point();
    struct co_waiter waiter = {.co = co_current()};
    co_lock_take(&cond->guard);
    co_waiters_push(&cond->waiters, &waiter);
    co_mutex_unlock(mutex);
    co_park_with("cond", &cond->guard);
    co_mutex_lock(mutex);
}

void co_cond_signal(struct co_cond *cond)
{
    co_lock_take(&cond->guard);
    struct co_waiter *waiter = co_waiters_claim(&cond->waiters);
    struct co *co = waiter ? waiter->co : NULL;
    co_lock_drop(&cond->guard);
    if (co)
        co_ready(co);
}

void co_cond_broadcast(struct co_cond *cond)
{
    co_lock_take(&cond->guard);
    struct co_waiters woken = cond->waiters;
    cond->waiters = (struct co_waiters){0};
    co_lock_drop(&cond->guard);
    co_waiters_ready_all(&woken);
}
