/* SPDX-License-Identifier: MIT */
/* What there is while the runtime runs, and what can be read of it without calling anything else of
 * it: so that a broken invariant can be reported from anywhere. */
#include "coro/runtime.h"

#include "coro/sched_private.h"

struct co_runtime co_runtime;

_Thread_local struct co_worker *co_worker_of_thread;

CO_UNSANITIZED struct co *co_current(void)
{
    struct co_worker *worker = co_worker_self();
    return worker ? worker->current : NULL;
}

CO_UNSANITIZED const char *co_name(const struct co *co)
{
    return co ? atomic_load_explicit(&co->site, memory_order_relaxed)->name : "-";
}

CO_UNSANITIZED uint64_t co_id(const struct co *co)
{
    return co ? atomic_load_explicit(&co->id, memory_order_relaxed) : 0;
}

size_t co_runtime_alive(void)
{
    uint64_t alive = 0;
    for (int i = 0; i < co_runtime.worker_count && co_runtime.workers; i++)
        alive += atomic_load_explicit(&co_runtime.workers[i].spawned, memory_order_acquire) -
                 atomic_load_explicit(&co_runtime.workers[i].ended, memory_order_acquire);
    return (size_t)alive;
}
