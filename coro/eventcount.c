/* SPDX-License-Identifier: MIT */
/* Lock order: the count's guard, then the context's lock. */
#include "coro/eventcount.h"

#include "coro/context_private.h"
#include "coro/sched_private.h"

enum { BY_COUNT, BY_CONTEXT };
enum { REACHED_MAX = 256 }; /* awaits of a worker in a row that need not park */

struct count_waiter {
    struct waiter waiter; /* first: a list holds these */
    uint64_t value;
};

struct parking {
    struct eventcount *count;
    struct context *context;
};

static uint64_t value_of(const struct waiter *waiter)
{
    return ((const struct count_waiter *)waiter)->value;
}

uint64_t eventcount_read(struct eventcount *count)
{
    return atomic_load_explicit(&count->value, memory_order_acquire);
}

/* Behind all that wait for less or the same; waiters mostly come with rising values. */
static void insert(struct waiters *list, struct count_waiter *me)
{
    struct waiter *before = list->last;
    while (before && value_of(before) > me->value)
        before = before->prev;
    if (!before)
        waiters_push_front(list, &me->waiter);
    else if (!before->next)
        waiters_push(list, &me->waiter);
    else
        waiters_insert_after(before, &me->waiter);
}

UNSANITIZED static bool commit_wait(struct co *co, void *arg)
{
    (void)co;
    struct parking *parking = arg;
    struct eventcount *count = parking->count;
    context_enlisted(parking->context);
    lock_drop_unseen(&count->guard);
    return true;
}

/* With the guard held, which is dropped. */
static enum eventcount_status park_for(
    struct context *context, struct eventcount *count, uint64_t value)
{
    struct wait wait = {WAIT_OPEN};
    struct count_waiter me = {
        .waiter = {.co = co_current(), .wait = &wait, .index = BY_COUNT}, .value = value};
    struct waiter by_context = {.co = me.waiter.co, .wait = &wait, .index = BY_CONTEXT};
    struct parking parking = {count, context};
    if (!context_enlist(context, &by_context)) {
        lock_drop(&count->guard);
        return EVENTCOUNT_CANCELLED;
    }

    insert(&count->waiters, &me);
    sanitize_release(&count->guard);
    co_park("eventcount", commit_wait, &parking);
    context_delist(context, &by_context);
    if (atomic_load_explicit(&wait.taken, memory_order_acquire) == BY_COUNT)
        return (enum eventcount_status)me.waiter.status;

    /* The context ended first: this waiter is still in the list. */
    lock_take(&count->guard);
    waiters_remove(&count->waiters, &me.waiter);
    lock_drop(&count->guard);
    return EVENTCOUNT_CANCELLED;
}

/* There is nothing to wait for. Now and then the others get a turn all the same: a loop whose
 * awaits never wait would keep them, timers and descriptors waiting forever. */
UNSANITIZED static void pass(void) /* the worker's own counter */
{
    struct worker *worker = worker_self();
    if (!worker || !worker->current || --worker->reached_left > 0)
        return;
    worker->reached_left = REACHED_MAX;
    co_yield();
}

enum eventcount_status eventcount_await(
    struct context *context, struct eventcount *count, uint64_t value)
{
    co_point();
    if (eventcount_read(count) >= value) {
        pass();
        return EVENTCOUNT_REACHED;
    }
    lock_take(&count->guard);
    if (eventcount_read(count) < value && !count->closed)
        return park_for(context, count, value);
    bool reached = eventcount_read(count) >= value;
    lock_drop(&count->guard);
    return reached ? EVENTCOUNT_REACHED : EVENTCOUNT_CLOSED;
}

/* Under the guard: take out those that wait for at most `value`, and tell them `status`. */
static struct waiters take_upto(
    struct eventcount *count, uint64_t value, enum eventcount_status status)
{
    struct waiters woken = {0};
    for (struct waiter *waiter; (waiter = count->waiters.first) && value_of(waiter) <= value;) {
        waiters_remove(&count->waiters, waiter);
        if (!wait_claim(waiter->wait, waiter->index))
            continue;
        waiter->status = (int)status;
        waiters_push(&woken, waiter);
    }
    return woken;
}

void eventcount_advance(struct eventcount *count, uint64_t value)
{
    struct waiters woken = {0};
    lock_take(&count->guard);
    if (value > atomic_load_explicit(&count->value, memory_order_relaxed)) {
        atomic_store_explicit(&count->value, value, memory_order_release);
        woken = take_upto(count, value, EVENTCOUNT_REACHED);
    }
    lock_drop(&count->guard);
    waiters_ready_all(&woken);
}

void eventcount_close(struct eventcount *count)
{
    lock_take(&count->guard);
    count->closed = true;
    struct waiters woken = take_upto(count, UINT64_MAX, EVENTCOUNT_CLOSED);
    lock_drop(&count->guard);
    waiters_ready_all(&woken);
}
