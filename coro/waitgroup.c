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

static void wake_all(struct waitgroup *group)
{
    struct waiters woken;
    lock_take(&group->guard);
    woken = group->waiters;
    group->waiters = (struct waiters){0};
    atomic_fetch_and_explicit(&group->state, ~(uint64_t)WAITED_FOR, memory_order_acq_rel);
    lock_drop(&group->guard);
    waiters_ready_all(&woken);
}

void waitgroup_add(struct waitgroup *group, int64_t n)
{
    uint64_t change = (uint64_t)n * 2;
    uint64_t state =
        atomic_fetch_add_explicit(&group->state, change, memory_order_acq_rel) + change;
    ensure((int64_t)state >= 0); /* more done than added */
    if (state == WAITED_FOR)
        wake_all(group);
}

void waitgroup_done(struct waitgroup *group)
{
    waitgroup_add(group, -1);
}

void waitgroup_wait(struct waitgroup *group)
{
    co_point();
    uint64_t state = atomic_load_explicit(&group->state, memory_order_acquire);
    if (state / 2 == 0)
        return;
    lock_take(&group->guard);
    do {
        if (state / 2 == 0) {
            lock_drop(&group->guard);
            return;
        }
    } while (!atomic_compare_exchange_weak_explicit(
        &group->state, &state, state | WAITED_FOR, memory_order_acq_rel, memory_order_acquire));
    struct waiter waiter = {.co = co_current()};
    waiters_push(&group->waiters, &waiter);
    co_park_with("waitgroup", &group->guard);
}
