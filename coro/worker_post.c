/* SPDX-License-Identifier: MIT */
/* How a worker is reached, and looked at, from other threads. */
#include <time.h>
#include <unistd.h>

#include "coro/clock.h"
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

/* The last one that was posted is on top. */
CO_UNSANITIZED void co_worker_take_posted(struct co_worker *worker, struct co_queue *into)
{
    if (!atomic_load_explicit(&worker->inbox, memory_order_relaxed))
        return;
    struct co *co = atomic_exchange(&worker->inbox, NULL), *first = NULL;
    while (co) {
        struct co *rest = co->link;
        co->link = first;
        first = co;
        co = rest;
    }
    while (first) {
        struct co *rest = first->link;
        co_queue_push(into, first);
        first = rest;
    }
}

CO_UNSANITIZED int64_t co_worker_cpu_ns(struct co_worker *worker)
{
    struct timespec time;
    if (atomic_load(&worker->thread_id) == 0 ||
        clock_gettime(atomic_load_explicit(&worker->cpu_clock, memory_order_relaxed), &time) != 0)
        return -1;
    return time.tv_sec * CO_CLOCK_S + time.tv_nsec;
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
