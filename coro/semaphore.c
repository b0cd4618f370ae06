/* SPDX-License-Identifier: MIT */
/* Lock order: the semaphore's guard, then a context's lock. */
#include "coro/semaphore.h"

#include "coro/co.h"
#include "coro/sched_private.h"
#include "coro/context_private.h"

enum { BY_PERMIT, BY_CONTEXT };

struct taker {
    struct co_waiter waiter; /* first: a list holds these */
    int64_t n;
};

struct parking {
    struct co_semaphore *semaphore;
    struct co_context *context;
};

CO_UNSANITIZED static bool commit_wait(struct co *co, void *arg)
{
    (void)co;
    struct parking *parking = arg;
    struct co_semaphore *semaphore = parking->semaphore;
    co_context_enlisted(parking->context);
    co_lock_drop_unseen(&semaphore->guard);
    return true;
}

/* Under guard: serve from the front, as far as the permits go. */
static struct co_waiters serve(struct co_semaphore *semaphore)
{
    struct co_waiters served = {0};
    for (struct co_waiter *waiter; (waiter = semaphore->waiters.first);) {
        int64_t n = ((struct taker *)waiter)->n;
        if (n > semaphore->free)
            break;
        co_waiters_remove(&semaphore->waiters, waiter);
        if (!co_wait_claim(waiter->wait, waiter->index))
            continue;
        semaphore->free -= n;
        co_waiters_push(&served, waiter);
    }
    return served;
}

/* With the guard held, which is dropped. */
static bool park_for(struct co_context *context, struct co_semaphore *semaphore, int64_t n)
{
    struct co_wait wait = {CO_WAIT_OPEN};
    struct taker me = {.waiter = {.co = co_current(), .wait = &wait, .index = BY_PERMIT}, .n = n};
    struct co_waiter by_context = {.co = me.waiter.co, .wait = &wait, .index = BY_CONTEXT};
    struct parking parking = {semaphore, context};
    if (!co_context_enlist(context, &by_context)) {
        co_lock_drop(&semaphore->guard);
        return false;
    }
    co_waiters_push(&semaphore->waiters, &me.waiter);
    co_sanitize_release(&semaphore->guard);
    co_park("semaphore", commit_wait, &parking);
    co_context_delist(context, &by_context);
    if (atomic_load_explicit(&wait.taken, memory_order_acquire) == BY_PERMIT)
        return true;
    co_lock_take(&semaphore->guard);
    co_waiters_remove(&semaphore->waiters, &me.waiter);
    struct co_waiters served = serve(semaphore); /* those behind this one may be served now */
    co_lock_drop(&semaphore->guard);
    co_waiters_ready_all(&served);
    return false;
}

bool co_semaphore_acquire(struct co_context *context, struct co_semaphore *semaphore, int64_t n)
{
    co_ensure(n >= 0);
    co_point();
    co_lock_take(&semaphore->guard);
    if (semaphore->waiters.first || semaphore->free < n)
        return park_for(context, semaphore, n);
    semaphore->free -= n;
    co_lock_drop(&semaphore->guard);
    return true;
}

bool co_semaphore_try_acquire(struct co_semaphore *semaphore, int64_t n)
{
    co_ensure(n >= 0);
    co_lock_take(&semaphore->guard);
    bool enough = !semaphore->waiters.first && semaphore->free >= n;
    semaphore->free -= enough ? n : 0;
    co_lock_drop(&semaphore->guard);
    return enough;
}

void co_semaphore_release(struct co_semaphore *semaphore, int64_t n)
{
    co_ensure(n >= 0);
    co_lock_take(&semaphore->guard);
    semaphore->free += n;
    struct co_waiters served = serve(semaphore);
    co_lock_drop(&semaphore->guard);
    co_waiters_ready_all(&served);
}
