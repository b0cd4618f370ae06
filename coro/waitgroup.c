/* SPDX-License-Identifier: MIT */
/*
 * The count and "somebody waits" are one word: whoever brings the count to 0 knows from the same
 * instruction whether there is anyone to wake. If there is not, it does not touch the group again:
 * a coroutine that comes to wait now may return immediately, and the group may be on its stack.
 */
#include "coro/waitgroup.h"

#include "coro/co.h"
#include "coro/sched_private.h"
#include "coro/ensure.h"

enum { WAITED_FOR = 1 };

static void wake_all(struct co_waitgroup *group)
{
    struct co_waiters woken;
    co_lock_take(&group->guard);
    woken = group->waiters;
    group->waiters = (struct co_waiters){0};
    atomic_fetch_and_explicit(&group->state, ~(uint64_t)WAITED_FOR, memory_order_acq_rel);
    co_lock_drop(&group->guard);
    co_waiters_ready_all(&woken);
}

void co_waitgroup_add(struct co_waitgroup *group, int64_t n)
{
    uint64_t change = (uint64_t)n * 2;
    uint64_t state =
        atomic_fetch_add_explicit(&group->state, change, memory_order_acq_rel) + change;
    co_ensure((int64_t)state >= 0); /* more done than added */
    if (state == WAITED_FOR)
        wake_all(group);
}

uint64_t co_waitgroup_count(const struct co_waitgroup *group)
{
    return atomic_load_explicit(&group->state, memory_order_acquire) / 2;
}

void co_waitgroup_done(struct co_waitgroup *group)
{
    co_waitgroup_add(group, -1);
}

void co_waitgroup_wait(struct co_waitgroup *group)
{
    co_point();
    uint64_t state = atomic_load_explicit(&group->state, memory_order_acquire);
    if (state / 2 == 0)
        return;
    co_lock_take(&group->guard);
    do {
        if (state / 2 == 0) {
            co_lock_drop(&group->guard);
            return;
        }
    } while (!atomic_compare_exchange_weak_explicit(
        &group->state, &state, state | WAITED_FOR, memory_order_acq_rel, memory_order_acquire));
    struct co_waiter waiter = {.co = co_current()};
    co_waiters_push(&group->waiters, &waiter);
    co_park_with("waitgroup", &group->guard);
}
