/* SPDX-License-Identifier: MIT */
/* Lock order: a cond's guard, then a mutex's. */
#include "coro/cond.h"

#include "coro/co.h"
#include "coro/sched_private.h"

void cond_wait(struct cond *cond, struct mutex *mutex)
{
    co_point();
    struct waiter waiter = {.co = co_current()};
    lock_take(&cond->guard);
    waiters_push(&cond->waiters, &waiter);
    mutex_unlock(mutex);
    co_park_with("cond", &cond->guard);
    mutex_lock(mutex);
}

void cond_signal(struct cond *cond)
{
    lock_take(&cond->guard);
    struct waiter *waiter = waiters_claim(&cond->waiters);
    struct co *co = waiter ? waiter->co : NULL;
    lock_drop(&cond->guard);
    if (co)
        co_ready(co);
}

void cond_broadcast(struct cond *cond)
{
    lock_take(&cond->guard);
    struct waiters woken = cond->waiters;
    cond->waiters = (struct waiters){0};
    lock_drop(&cond->guard);
    waiters_ready_all(&woken);
}
