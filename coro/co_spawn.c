/* SPDX-License-Identifier: MIT */
/* How a coroutine comes into being. */
#include <unistd.h>

#include "coro/co.h"
#include "coro/moving_private.h"
#include "coro/say.h"
#include "coro/sched_private.h"
#include "coro/trace_events_private.h"

/* A program that is right without ThreadSanitizer may be refused here. Said once. */
CO_UNSANITIZED static void say_limit(void)
{
    static _Atomic bool said;
    if (!atomic_exchange(&said, true))
        co_say_line(STDERR_FILENO, "with ThreadSanitizer there are at most %u coroutines\n",
            co_runtime.cos_pool.capacity);
}

CO_UNSANITIZED struct co *co_make(
    struct co_worker *worker, const struct co_site *site, void (*fn)(void *), void *arg)
{
    uint32_t index = co_index_take(&co_runtime.cos_pool, &worker->cos);
    if (index == CO_INDEX_NONE) {
        if (co_runtime.capped)
            say_limit();
        return NULL;
    }
    struct co *co = &co_runtime.cos[index];
    co->worker = worker;
    co->stack = CO_INDEX_NONE;
    co->pinned = false;
    co->came_from = NULL;
    co->fn = fn;
    co->arg = arg;
    worker->last_id += (uint64_t)co_runtime.worker_count;
    atomic_store_explicit(&co->id, worker->last_id, memory_order_relaxed);
    atomic_store_explicit(&co->site, site, memory_order_relaxed);
    atomic_store_explicit(&co->state, CO_FRESH, memory_order_relaxed);
    if (co_runtime.schedule)
        co_schedule_new(co);
    co_sanitize_release(co);
    co_count(&worker->spawned);
    co_trace(worker, CO_TRACE_SPAWN, co, site->name, co_id(worker->current));
    return co;
}

CO_UNSANITIZED bool co_spawn_at(const struct co_site *site, void (*fn)(void *), void *arg)
{
    struct co_worker *worker = co_worker_self();
    co_ensure(worker);
    struct co *co = co_make(worker, site, fn, arg);
    if (co)
        co_fresh_push(worker, co);
    co_point();
    return co != NULL;
}

CO_UNSANITIZED bool co_spawn_local_at(const struct co_site *site, void (*fn)(void *), void *arg)
{
    struct co_worker *worker = co_worker_self();
    co_ensure(worker);
    struct co *co = co_make(worker, site, fn, arg);
    if (co) {
        co->pinned = true;
        bool was_inside = co_moving_enter(worker);
        co_queue_push(&worker->ready, co);
        co_moving_leave(worker, was_inside);
    }
    return co != NULL;
}

CO_UNSANITIZED bool co_spawn_on(
    struct co_worker *worker, const struct co_site *site, void (*fn)(void *), void *arg)
{
    struct co_worker *self = co_worker_self();
    if (worker == self)
        return co_spawn_local_at(site, fn, arg);
    struct co *co = co_make(self, site, fn, arg);
    if (!co)
        return false;
    co->worker = worker;
    co->pinned = true;
    co_worker_post(worker, co);
    return true;
}

CO_UNSANITIZED enum co_started co_start_now_at(
    const struct co_site *site, void (*fn)(void *), void *arg)
{
    struct co_worker *worker = co_worker_self();
    co_ensure(worker && !worker->current); /* only from a callback on the worker's own stack */
    struct co *co = co_make(worker, site, fn, arg);
    if (!co)
        return CO_REFUSED;
    co->pinned = true;
    bool must_return = worker->must_return;
    worker->must_return = true;
    worker->retired = NULL;
    co_sanitize_release(&worker->own);
    co_resume(worker, co);
    co_sanitize_acquire(&worker->own);
    co_sanitize_acquire(&worker->must_return);
    worker->must_return = must_return;
    return worker->retired == co ? CO_FINISHED : CO_PARKED;
}
