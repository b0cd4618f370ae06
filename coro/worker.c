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
#include <pthread.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "coro/clock.h"
#include "coro/moving_private.h"
#include "coro/sched_private.h"

int co_worker_count(void)
{
    return co_runtime.worker_count;
}

CO_UNSANITIZED int co_worker_index(void)
{
    struct co_worker *self = co_worker_self();
    co_ensure(self);
    return self->index;
}

CO_UNSANITIZED int64_t co_worker_now_ns(void)
{
    struct co_worker *self = co_worker_self();
    return self ? atomic_load_explicit(&self->now_ns, memory_order_relaxed) : co_clock_now_ns();
}

void co_worker_init(struct co_worker *worker, int index)
{
    worker->index = index;
    worker->spare_stack = CO_INDEX_NONE;
    worker->last_id = co_runtime.id_base + (uint64_t)index + 1 - (uint64_t)co_runtime.worker_count;
    worker->random = (uint64_t)co_clock_wall_us() * (uint64_t)(index + 1);
    worker->cos.limit = worker->stacks.limit = CO_INDEX_CACHE;
    atomic_store(&worker->timers.due_ns, INT64_MAX);
    atomic_store(&worker->now_ns, co_clock_now_ns());
    worker->epoll = worker->doorbell = -1;
}

void co_worker_term(struct co_worker *worker)
{
    co_poller_close(worker);
    co_timer_heap_term(worker);
}

/* How long it may sleep: until its first timer, and as the watcher until the next look. */
CO_UNSANITIZED static int64_t sleep_time(struct co_worker *worker)
{
    int64_t due = atomic_load_explicit(&worker->timers.due_ns, memory_order_relaxed);
    int64_t time = co_fresh_watch(worker);
    if (due != INT64_MAX) {
        int64_t left = due - co_clock_now_ns();
        if (left < 0)
            left = 0;
        time = time < 0 || left < time ? left : time;
    }
    return time;
}

/* Nothing to run: wait for something. */
CO_UNSANITIZED static void sleep_until_woken(struct co_worker *worker)
{
    if (co_fresh_look(worker) || (co_runtime.schedule && co_schedule_skip_time(worker)) ||
        co_stack_trim(&co_runtime.stacks))
        return;
    atomic_exchange(&worker->asleep, 1);
    if (!atomic_load(&worker->inbox) && !atomic_load(&co_runtime.stopping)) {
        uint64_t sleep = atomic_fetch_add(&co_runtime.sleep, CO_SLEEP_TURN + 1) + CO_SLEEP_TURN + 1;
        int64_t time = sleep_time(worker);
        if (time < 0 && co_runtime_report_deadlocked(sleep))
            co_runtime_report_deadlock();
        if (!atomic_load(&co_runtime.stopping))
            co_poller_poll(worker, time);
        atomic_fetch_sub(&co_runtime.sleep, 1);
        worker->polled_ns = co_clock_now_ns();
    }
    atomic_store(&worker->asleep, 0);
}

/* Timers, and descriptors now and then while there is work. */
CO_UNSANITIZED static void look_around(struct co_worker *worker)
{
    int64_t now = co_clock_now_ns();
    atomic_store_explicit(&worker->now_ns, now, memory_order_relaxed);
    if (now >= atomic_load_explicit(&worker->timers.due_ns, memory_order_relaxed))
        co_timer_heap_run(worker, now);
    if (now - worker->polled_ns >= CO_POLL_EVERY_NS) {
        worker->polled_ns = now;
        if (atomic_load_explicit(&worker->outside, memory_order_relaxed))
            co_poller_poll(worker, 0);
    }
}

CO_UNSANITIZED void co_worker_loop(struct co_worker *worker)
{
    co_worker_of_thread = worker;
    worker->errno_of_thread = &errno;
    co_sanitize_thread_stack(&worker->own.sanitize);
    co_sanitize_fiber_make(&worker->committer.sanitize);
    co_overflow_thread_init();
    co_moving_enter(worker);

    /* From now on it is watched: what was prepared may have waited for other threads' starts. */
    clockid_t clock;
    co_ensure(pthread_getcpuclockid(pthread_self(), &clock) == 0);
    atomic_store(&worker->cpu_clock, clock);
    atomic_store(&worker->thread_id, (int)syscall(SYS_gettid));
    while (!atomic_load_explicit(&co_runtime.stopping, memory_order_relaxed)) {
        co_worker_take_posted(worker, &worker->ready);
        look_around(worker);
        co_count(&worker->beats);
        worker->turns_left = CO_TURNS_MAX;
        struct co *co = co_pick(worker);
        if (co) {
            co_fresh_stop_watching(worker);
            co_resume(worker, co);
        } else {
            sleep_until_woken(worker);
        }
    }
    co_overflow_thread_term();
    co_sanitize_fiber_free(&worker->committer.sanitize);
    co_worker_of_thread = NULL;
}
