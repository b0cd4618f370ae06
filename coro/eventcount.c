/* SPDX-License-Identifier: MIT */
/* Lock order: the count's guard, then the context's lock. */
#include "coro/eventcount.h"

#include "coro/context_private.h"
#include "coro/sched_private.h"

enum { BY_COUNT, BY_CONTEXT };
enum { REACHED_MAX = 256 }; /* awaits of a worker in a row that need not park */

struct count_waiter {
    struct co_waiter waiter; /* first: a list holds these */
    uint64_t value;
};

struct parking {
    struct co_eventcount *count;
    struct co_context *context;
};

static uint64_t value_of(const struct co_waiter *waiter)
{
    return ((const struct count_waiter *)waiter)->value;
}

uint64_t co_eventcount_read(struct co_eventcount *count)
{
    return atomic_load_explicit(&count->value, memory_order_acquire);
}

/* Behind all that wait for less or the same; waiters mostly come with rising values. */
static void insert(struct co_waiters *list, struct count_waiter *me)
{
    struct co_waiter *before = list->last;
    while (before && value_of(before) > me->value)
        before = before->prev;
    if (!before)
        co_waiters_push_front(list, &me->waiter);
    else if (!before->next)
        co_waiters_push(list, &me->waiter);
    else
        co_waiters_insert_after(before, &me->waiter);
}

CO_UNSANITIZED static bool commit_wait(struct co *co, void *arg)
{
    (void)co;
    struct parking *parking = arg;
    struct co_eventcount *count = parking->count;
    co_context_enlisted(parking->context);
    co_lock_drop_unseen(&count->guard);
    return true;
}

/* With the guard held, which is dropped. */
static enum co_eventcount_status park_for(
    struct co_context *context, struct co_eventcount *count, uint64_t value)
{
    struct co_wait wait = {CO_WAIT_OPEN};
    struct count_waiter me = {
        .waiter = {.co = co_current(), .wait = &wait, .index = BY_COUNT}, .value = value};
    struct co_waiter by_context = {.co = me.waiter.co, .wait = &wait, .index = BY_CONTEXT};
    struct parking parking = {count, context};
    if (!co_context_enlist(context, &by_context)) {
        co_lock_drop(&count->guard);
        return CO_EVENTCOUNT_CANCELLED;
    }

    insert(&count->waiters, &me);
    co_sanitize_release(&count->guard);
    co_park("eventcount", commit_wait, &parking);
    co_context_delist(context, &by_context);
    if (atomic_load_explicit(&wait.taken, memory_order_acquire) == BY_COUNT)
        return (enum co_eventcount_status)me.waiter.status;

    /* The context ended first: this waiter is still in the list. */
    co_lock_take(&count->guard);
    co_waiters_remove(&count->waiters, &me.waiter);
    co_lock_drop(&count->guard);
    return CO_EVENTCOUNT_CANCELLED;
}

/* There is nothing to wait for. Now and then the others get a turn all the same: a loop whose
 * awaits never wait would keep them, timers and descriptors waiting forever. */
CO_UNSANITIZED static void pass(void) /* the worker's own counter */
{
    struct co_worker *worker = co_worker_self();
    if (!worker || !worker->current || --worker->reached_left > 0)
        return;
    worker->reached_left = REACHED_MAX;
    co_yield();
}

enum co_eventcount_status co_eventcount_await(
    struct co_context *context, struct co_eventcount *count, uint64_t value)
{
    co_point();
    if (co_eventcount_read(count) >= value) {
        pass();
        return CO_EVENTCOUNT_REACHED;
    }
    co_lock_take(&count->guard);
    if (co_eventcount_read(count) < value && !count->closed)
        return park_for(context, count, value);
    bool reached = co_eventcount_read(count) >= value;
    co_lock_drop(&count->guard);
    return reached ? CO_EVENTCOUNT_REACHED : CO_EVENTCOUNT_CLOSED;
}

/* Under the guard: take out those that wait for at most `value`, and tell them `status`. */
static struct co_waiters take_upto(
    struct co_eventcount *count, uint64_t value, enum co_eventcount_status status)
{
    struct co_waiters woken = {0};
    for (struct co_waiter *waiter; (waiter = count->waiters.first) && value_of(waiter) <= value;) {
        co_waiters_remove(&count->waiters, waiter);
        if (!co_wait_claim(waiter->wait, waiter->index))
            continue;
        waiter->status = (int)status;
        co_waiters_push(&woken, waiter);
    }
    return woken;
}

void co_eventcount_advance(struct co_eventcount *count, uint64_t value)
{
    struct co_waiters woken = {0};
    co_lock_take(&count->guard);
    if (value > atomic_load_explicit(&count->value, memory_order_relaxed)) {
        atomic_store_explicit(&count->value, value, memory_order_release);
        woken = take_upto(count, value, CO_EVENTCOUNT_REACHED);
    }
    co_lock_drop(&count->guard);
    co_waiters_ready_all(&woken);
}

void co_eventcount_close(struct co_eventcount *count)
{
    co_lock_take(&count->guard);
    count->closed = true;
    struct co_waiters woken = take_upto(count, UINT64_MAX, CO_EVENTCOUNT_CLOSED);
    co_lock_drop(&count->guard);
    co_waiters_ready_all(&woken);
}
