/* SPDX-License-Identifier: MIT */
/* How a worker is reached from other threads. */
#include <unistd.h>

#include "coro/sched_private.h"

UNSANITIZED void worker_ring(struct worker *worker)
{
    uint64_t one = 1;
    if (worker->doorbell < 0)
        return; /* a seeded run that waits for nothing outside: it does not sleep */
    ensure(write(worker->doorbell, &one, sizeof one) == sizeof one);
}

UNSANITIZED void worker_post(struct worker *worker, struct co *co)
{
    struct co *first = atomic_load_explicit(&worker->inbox, memory_order_relaxed);
    do
        co->link = first;
    while (!atomic_compare_exchange_weak(&worker->inbox, &first, co));
    if (atomic_load(&worker->asleep) && atomic_exchange(&worker->asleep, 0))
        worker_ring(worker);
}

/* A worker has fresh coroutines waiting: let an idle one keep an eye on it. One that is just going
 * to sleep sees them itself: see sleep_until_woken(). */
UNSANITIZED void worker_want_watcher(struct worker *self)
{
    int none = 0;
    if (worker_sleepers() == 0 || atomic_load_explicit(&runtime.watcher, memory_order_relaxed) != 0)
        return;
    for (int i = 0; i < runtime.worker_count; i++) {
        struct worker *other = &runtime.workers[i];
        if (other == self || !atomic_load(&other->asleep))
            continue;
        if (atomic_compare_exchange_strong(&runtime.watcher, &none, i + 1) &&
            atomic_exchange(&other->asleep, 0))
            worker_ring(other);
        return;
    }
}
