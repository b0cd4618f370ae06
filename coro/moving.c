/* SPDX-License-Identifier: MIT */
/*
 * Invariants
 *  - in_queues is true while its worker is on its own stack, and from before a coroutine is queued
 *    or leaves its stack until the next one has arrived on its own. So what is in the queues of a
 *    worker that is not in them has left its stack.
 *  - Only the watcher (fresh.c) bars anyone, so one worker at a time does.
 */
#include "coro/moving_private.h"

#include <linux/membarrier.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "coro/clock.h"
#include "coro/trace_events_private.h"

static const int64_t BUSY_NS = CO_CLOCK_MS;

bool co_moving_init(void)
{
    return syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
}

CO_UNSANITIZED void co_moving_wait(struct co_worker *worker)
{
    do {
        atomic_store_explicit(&worker->in_queues, false, memory_order_release);
        while (atomic_load_explicit(&worker->barred, memory_order_acquire))
            sched_yield();
        atomic_store_explicit(&worker->in_queues, true, memory_order_relaxed);
        atomic_signal_fence(memory_order_seq_cst);
    } while (atomic_load_explicit(&worker->barred, memory_order_acquire));
}

/* Has it computed for BUSY_NS since it last looked around? By its processor time: a thread that the
 * kernel does not run is not busy, and those who talk on it had better not be parted. */
CO_UNSANITIZED static bool is_busy(struct co_worker *self, struct co_worker *from)
{
    struct co_busy_look *look = &self->look_busy[from->index];
    int64_t looked = atomic_load_explicit(&from->now_ns, memory_order_relaxed);
    if (atomic_load(&from->asleep) || co_clock_now_ns() - looked < BUSY_NS)
        return false;
    int64_t cpu_ns = co_worker_cpu_ns(from);
    if (cpu_ns < 0)
        return false;
    if (look->looked_ns != looked)
        *look = (struct co_busy_look){looked, cpu_ns};
    return cpu_ns - look->cpu_ns >= BUSY_NS;
}

/* A glance, without the bar. */
CO_UNSANITIZED static bool has_some(struct co_worker *from)
{
    return atomic_load_explicit(&from->inbox, memory_order_relaxed) ||
           __atomic_load_n(&from->next, __ATOMIC_RELAXED) ||
           __atomic_load_n(&from->ready.first, __ATOMIC_RELAXED);
}

/* Into the one queue or, if it is local, the other. */
CO_UNSANITIZED static uint32_t sort_out(struct co *co, struct co_queue *stay, struct co_queue *move)
{
    co_queue_push(co->pinned ? stay : move, co);
    return co->pinned ? 0 : 1;
}

/* All that it has, while it is barred: the oldest first. */
CO_UNSANITIZED static uint32_t empty(struct co_worker *from, struct co_queue *move)
{
    struct co_queue stay = {0};
    uint32_t n = 0;
    struct co *co = from->next;
    from->next = NULL;
    if (co)
        n += sort_out(co, &stay, move);
    co_worker_take_posted(from, &from->ready);
    while ((co = co_queue_pop(&from->ready)))
        n += sort_out(co, &stay, move);
    from->ready = stay;
    return n;
}

CO_UNSANITIZED uint32_t co_moving_take(struct co_worker *self, struct co_worker *from)
{
    if (!is_busy(self, from) || !has_some(from))
        return 0;
    struct co_queue move = {0};
    uint32_t n = 0;
    atomic_store(&from->barred, true);
    co_ensure(syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0);
    if (!atomic_load_explicit(&from->in_queues, memory_order_acquire))
        n = empty(from, &move);
    atomic_store_explicit(&from->barred, false, memory_order_release);

    for (struct co *co; (co = co_queue_pop(&move));) {
        co->came_from = from;
        co->worker = self;
        co_queue_push(&self->ready, co);
        co_trace(self, CO_TRACE_MOVE, co, NULL, (uint64_t)from->index);
    }
    return n;
}
