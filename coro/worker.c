/* SPDX-License-Identifier: MIT */
/*
 * The loop of a worker, and how it sleeps; how others reach it is in worker_post.c.
 *
 * Sleeping: the sleeper sets `asleep`, then looks at its inbox; a waker pushes to the inbox, then
 * looks at `asleep`. Both in one total order (sequentially consistent read-modify-writes, which
 * ThreadSanitizer understands, where it does not understand fences), so one sees the other.
 */
#include "coro/worker.h"

#include <errno.h>

#include "coro/clock.h"
#include "coro/sched_private.h"

int worker_count(void)
{
    return runtime.worker_count;
}

UNSANITIZED int worker_index(void)
{
    struct worker *self = worker_self();
    ensure(self);
    return self->index;
}

UNSANITIZED int64_t worker_now_ns(void)
{
    struct worker *self = worker_self();
    return self ? atomic_load_explicit(&self->now_ns, memory_order_relaxed) : clock_now_ns();
}

bool worker_init(struct worker *worker, int index)
{
    worker->index = index;
    worker->spare_stack = INDEX_NONE;
    worker->last_id = runtime.id_base + (uint64_t)index + 1 - (uint64_t)runtime.worker_count;
    worker->random = (uint64_t)clock_wall_us() * (uint64_t)(index + 1);
    worker->cos.limit = worker->stacks.limit = INDEX_CACHE;
    atomic_store(&worker->timers.due_ns, INT64_MAX);
    atomic_store(&worker->now_ns, clock_now_ns());
    worker->epoll = worker->doorbell = -1;
    return true;
}

void worker_term(struct worker *worker)
{
    poller_close(worker);
    timer_heap_term(worker);
}

UNSANITIZED static void take_inbox(struct worker *worker)
{
    if (!atomic_load_explicit(&worker->inbox, memory_order_relaxed))
        return;
    struct co *co = atomic_exchange(&worker->inbox, NULL), *first = NULL;
    while (co) { /* the last posted is on top: reverse */
        struct co *rest = co->link;
        co->link = first;
        first = co;
        co = rest;
    }
    while (first) {
        struct co *rest = first->link;
        co_queue_push(&worker->ready, first);
        first = rest;
    }
}

/* How long it may sleep: until its first timer, and as the watcher until the next look. */
UNSANITIZED static int64_t sleep_time(struct worker *worker)
{
    int64_t due = atomic_load_explicit(&worker->timers.due_ns, memory_order_relaxed);
    int64_t time = fresh_watch(worker);
    if (due != INT64_MAX) {
        int64_t left = due - clock_now_ns();
        if (left < 0)
            left = 0;
        time = time < 0 || left < time ? left : time;
    }
    return time;
}

/* Nothing to run: wait for something. */
UNSANITIZED static void sleep_until_woken(struct worker *worker)
{
    if (fresh_look(worker) || (runtime.schedule && schedule_skip_time(worker)) ||
        stack_trim(&runtime.stacks))
        return;
    if (worker->epoll < 0 && atomic_load_explicit(&worker->outside, memory_order_relaxed))
        ensure(poller_open(worker)); /* before anyone can ring */
    atomic_exchange(&worker->asleep, 1);
    if (!atomic_load(&worker->inbox) && !atomic_load(&runtime.stopping)) {
        uint64_t sleep = atomic_fetch_add(&runtime.sleep, SLEEP_TURN + 1) + SLEEP_TURN + 1;
        int64_t time = sleep_time(worker);
        if (time < 0 && runtime_report_deadlocked(sleep))
            runtime_report_deadlock();
        if (!atomic_load(&runtime.stopping))
            poller_poll(worker, time);
        atomic_fetch_sub(&runtime.sleep, 1);
        worker->polled_ns = clock_now_ns();
    }
    atomic_store(&worker->asleep, 0);
}

/* Timers, and descriptors now and then while there is work. */
UNSANITIZED static void look_around(struct worker *worker)
{
    int64_t now = clock_now_ns();
    atomic_store_explicit(&worker->now_ns, now, memory_order_relaxed);
    if (now >= atomic_load_explicit(&worker->timers.due_ns, memory_order_relaxed))
        timer_heap_run(worker, now);
    if (now - worker->polled_ns >= POLL_EVERY_NS) {
        worker->polled_ns = now;
        if (atomic_load_explicit(&worker->outside, memory_order_relaxed))
            poller_poll(worker, 0);
    }
}

UNSANITIZED void worker_loop(struct worker *worker)
{
    worker_of_thread = worker;
    worker->errno_of_thread = &errno;
    sanitize_thread_stack(&worker->own.sanitize);
    sanitize_fiber_make(&worker->committer.sanitize);
    overflow_thread_init();
    while (!atomic_load_explicit(&runtime.stopping, memory_order_relaxed)) {
        take_inbox(worker);
        look_around(worker);
        worker->turns_left = TURNS_MAX;
        struct co *co = co_pick(worker);
        if (co)
            co_resume(worker, co);
        else
            sleep_until_woken(worker);
    }
    overflow_thread_term();
    sanitize_fiber_free(&worker->committer.sanitize);
    worker_of_thread = NULL;
}
