/* SPDX-License-Identifier: MIT */
/* How a worker is reached from other threads. */
#include <unistd.h>

#include "coro/sched_private.h"

CO_UNSANITIZED void co_worker_ring(struct co_worker *worker)
{
    static const uint64_t one = 1; /* not on a stack, which here two fibers may share */
    if (worker->doorbell < 0)
        return; /* a seeded run that waits for nothing outside: it does not sleep */
    co_ensure(write(worker->doorbell, &one, sizeof one) == sizeof one);
}

CO_UNSANITIZED void co_worker_post(struct co_worker *worker, struct co *co)
{
    struct co *first = atomic_load_explicit(&worker->inbox, memory_order_relaxed);
    do
        co->link = first;
    while (!atomic_compare_exchange_weak(&worker->inbox, &first, co));
    if (atomic_load(&worker->asleep) && atomic_exchange(&worker->asleep, 0))
        co_worker_ring(worker);
    else if (__builtin_expect(co_runtime.moves, false))
        co_worker_want_watcher(worker);
}

/* A worker has coroutines waiting that may be taken: let an idle one keep an eye on it. One that is
 * just going to sleep sees them itself: see sleep_until_woken(). */
CO_UNSANITIZED void co_worker_want_watcher(struct co_worker *self)
{
    int none = 0;
    if (co_worker_sleepers() == 0 ||
        atomic_load_explicit(&co_runtime.watcher, memory_order_relaxed) != 0)
        return;
    for (int i = 0; i < co_runtime.worker_count; i++) {
        struct co_worker *other = &co_runtime.workers[i];
        if (other == self || !atomic_load(&other->asleep))
            continue;
        if (atomic_compare_exchange_strong(&co_runtime.watcher, &none, i + 1) &&
            atomic_exchange(&other->asleep, 0))
            co_worker_ring(other);
        return;
    }
}
