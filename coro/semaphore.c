/* SPDX-License-Identifier: MIT */
/* Lock order: the semaphore's guard, then a context's lock. */
#include "coro/semaphore.h"

#include "coro/co.h"
#include "coro/sched_private.h"
#include "coro/context_private.h"

enum { BY_PERMIT, BY_CONTEXT };

struct taker {
    struct waiter waiter; /* first: a list holds these */
    int64_t n;
};

struct parking {
    struct semaphore *semaphore;
    struct context *context;
};

UNSANITIZED static bool commit_wait(struct co *co, void *arg)
{
    (void)co;
    struct parking *parking = arg;
    struct semaphore *semaphore = parking->semaphore;
    context_enlisted(parking->context);
    lock_drop_unseen(&semaphore->guard);
    return true;
}

/* Under guard: serve from the front, as far as the permits go. */
static struct waiters serve(struct semaphore *semaphore)
{
    struct waiters served = {0};
    for (struct waiter *waiter; (waiter = semaphore->waiters.first);) {
        int64_t n = ((struct taker *)waiter)->n;
        if (n > semaphore->free)
            break;
        waiters_remove(&semaphore->waiters, waiter);
        if (!wait_claim(waiter->wait, waiter->index))
            continue;
        semaphore->free -= n;
        waiters_push(&served, waiter);
    }
    return served;
}

/* With the guard held, which is dropped. */
static bool park_for(struct context *context, struct semaphore *semaphore, int64_t n)
{
    struct wait wait = {WAIT_OPEN};
    struct taker me = {.waiter = {.co = co_current(), .wait = &wait, .index = BY_PERMIT}, .n = n};
    struct waiter by_context = {.co = me.waiter.co, .wait = &wait, .index = BY_CONTEXT};
    struct parking parking = {semaphore, context};
    if (!context_enlist(context, &by_context)) {
        lock_drop(&semaphore->guard);
        return false;
    }
    waiters_push(&semaphore->waiters, &me.waiter);
    sanitize_release(&semaphore->guard);
    co_park("semaphore", commit_wait, &parking);
    context_delist(context, &by_context);
    if (atomic_load_explicit(&wait.taken, memory_order_acquire) == BY_PERMIT)
        return true;
    lock_take(&semaphore->guard);
    waiters_remove(&semaphore->waiters, &me.waiter);
    struct waiters served = serve(semaphore); /* those behind this one may be served now */
    lock_drop(&semaphore->guard);
    waiters_ready_all(&served);
    return false;
}

bool semaphore_acquire(struct context *context, struct semaphore *semaphore, int64_t n)
{
    ensure(n >= 0);
    co_point();
    lock_take(&semaphore->guard);
    if (semaphore->waiters.first || semaphore->free < n)
        return park_for(context, semaphore, n);
    semaphore->free -= n;
    lock_drop(&semaphore->guard);
    return true;
}

bool semaphore_try_acquire(struct semaphore *semaphore, int64_t n)
{
    ensure(n >= 0);
    lock_take(&semaphore->guard);
    bool enough = !semaphore->waiters.first && semaphore->free >= n;
    semaphore->free -= enough ? n : 0;
    lock_drop(&semaphore->guard);
    return enough;
}

void semaphore_release(struct semaphore *semaphore, int64_t n)
{
    ensure(n >= 0);
    lock_take(&semaphore->guard);
    semaphore->free += n;
    struct waiters served = serve(semaphore);
    lock_drop(&semaphore->guard);
    waiters_ready_all(&served);
}
