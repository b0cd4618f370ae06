/* SPDX-License-Identifier: MIT */
/* How a coroutine comes into being, and what it is called. */
#include <unistd.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/sched_private.h"

/* A program that is right without ThreadSanitizer may be refused here. Said once. */
UNSANITIZED static void say_limit(void)
{
    static _Atomic bool said;
    if (!atomic_exchange(&said, true))
        report_say(STDERR_FILENO, "with ThreadSanitizer there are at most %u coroutines\n",
            runtime.cos_pool.capacity);
}

UNSANITIZED struct co *co_make(
    struct worker *worker, const struct co_site *site, void (*fn)(void *), void *arg)
{
    uint32_t index = index_take(&runtime.cos_pool, &worker->cos);
    if (index == INDEX_NONE) {
        if (runtime.capped)
            say_limit();
        return NULL;
    }
    struct co *co = &runtime.cos[index];
    co->worker = worker;
    co->stack = INDEX_NONE;
    co->pinned = false;
    co->fn = fn;
    co->arg = arg;
    worker->last_id += (uint64_t)runtime.worker_count;
    atomic_store_explicit(&co->id, worker->last_id, memory_order_relaxed);
    atomic_store_explicit(&co->site, site, memory_order_relaxed);
    atomic_store_explicit(&co->state, CO_FRESH, memory_order_relaxed);
    if (runtime.schedule)
        schedule_new(co);
    sanitize_release(co);
    co_count(&worker->spawned);
    return co;
}

UNSANITIZED bool co_spawn_at(const struct co_site *site, void (*fn)(void *), void *arg)
{
    struct worker *worker = worker_self();
    ensure(worker);
    struct co *co = co_make(worker, site, fn, arg);
    if (co)
        fresh_push(worker, co);
    co_point();
    return co != NULL;
}

UNSANITIZED bool co_spawn_local_at(const struct co_site *site, void (*fn)(void *), void *arg)
{
    struct worker *worker = worker_self();
    ensure(worker);
    struct co *co = co_make(worker, site, fn, arg);
    if (co) {
        co->pinned = true;
        co_queue_push(&worker->ready, co);
    }
    return co != NULL;
}

UNSANITIZED bool co_spawn_on(
    struct worker *worker, const struct co_site *site, void (*fn)(void *), void *arg)
{
    struct worker *self = worker_self();
    if (worker == self)
        return co_spawn_local_at(site, fn, arg);
    struct co *co = co_make(self, site, fn, arg);
    if (!co)
        return false;
    co->worker = worker;
    co->pinned = true;
    worker_post(worker, co);
    return true;
}

UNSANITIZED enum co_started co_start_now_at(
    const struct co_site *site, void (*fn)(void *), void *arg)
{
    struct worker *worker = worker_self();
    ensure(worker && !worker->current); /* only from a callback on the worker's own stack */
    struct co *co = co_make(worker, site, fn, arg);
    if (!co)
        return CO_REFUSED;
    co->pinned = true;
    bool must_return = worker->must_return;
    worker->must_return = true;
    worker->retired = NULL;
    sanitize_release(&worker->own);
    co_resume(worker, co);
    sanitize_acquire(&worker->own);
    sanitize_acquire(&worker->must_return);
    worker->must_return = must_return;
    return worker->retired == co ? CO_FINISHED : CO_PARKED;
}

UNSANITIZED const char *co_name(const struct co *co)
{
    return co ? atomic_load_explicit(&co->site, memory_order_relaxed)->name : "-";
}

UNSANITIZED uint64_t co_id(const struct co *co)
{
    return co ? atomic_load_explicit(&co->id, memory_order_relaxed) : 0;
}

UNSANITIZED void co_wake_sleeper(void *arg)
{
    co_ready(arg);
}

static bool commit_sleep(struct co *co, void *arg)
{
    (void)co, (void)arg;
    return true;
}

void co_sleep(int64_t ns)
{
    if (ns <= 0) {
        co_yield();
        return;
    }
    struct timer timer = {0};
    timer_start(&timer, clock_now_ns() + ns, co_wake_sleeper, co_current());
    co_park("sleep", commit_sleep, NULL); /* the timer fires on this worker, so not before */
}
