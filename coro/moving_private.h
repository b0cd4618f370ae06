/* SPDX-License-Identifier: MIT */
/*
 * Ready coroutines that have run before, and how an idle worker may take them from a busy one: a
 * run's option (runtime.h). For the files of coro/ only.
 *
 * A worker's `ready` and `next` are its own, and it touches them at every switch: a lock would cost
 * more than the switch. So the bar is biased: its owner says `in_queues` with a plain store, and
 * looks whether it is `barred`. An idle worker that wants in bars it, makes all processors pass a
 * barrier (membarrier), and looks whether it is in its queues; if it is, it is not busy with a
 * coroutine, and there is nothing to take from it.
 */
#ifndef CORO_MOVING_PRIVATE_H
#define CORO_MOVING_PRIVATE_H

#include "coro/sched_private.h"

/* Can this kernel do it? Once at the start of a run. */
bool co_moving_init(void);

/* The ready coroutines of a worker that another one has kept busy for a millisecond, but for those
 * that are local to it: how many are now in self's queue. Called by self, on its own stack. */
uint32_t co_moving_take(struct co_worker *self, struct co_worker *from);

/* Until it is not barred any more; then it is in its queues. */
void co_moving_wait(struct co_worker *worker);

/* Before the calling worker touches its queues, until it has left the stack of a coroutine that it
 * put there. Returns whether it was inside already, for co_moving_leave(). */
CO_UNSANITIZED static inline bool co_moving_enter(struct co_worker *worker)
{
    if (__builtin_expect(!co_runtime.moves, true))
        return true;
    if (atomic_load_explicit(&worker->in_queues, memory_order_relaxed))
        return true;
    atomic_store_explicit(&worker->in_queues, true, memory_order_relaxed);
    atomic_signal_fence(memory_order_seq_cst); /* the other side's membarrier does the rest */
    if (__builtin_expect(atomic_load_explicit(&worker->barred, memory_order_acquire), false))
        co_moving_wait(worker);
    return false;
}

/* One that was taken away goes back when it is woken by one of the worker that it came from: those
 * who talk to each other are soon together again. The caller alone may make it ready. */
CO_UNSANITIZED static inline void co_moving_back(struct co_worker *worker, struct co *co)
{
    if (__builtin_expect(co_runtime.moves, false) && co->came_from) {
        if (co->came_from == worker)
            co->worker = worker;
        if (co->worker == worker)
            co->came_from = NULL;
    }
}

CO_UNSANITIZED static inline void co_moving_leave(struct co_worker *worker, bool was_inside)
{
    if (__builtin_expect(co_runtime.moves, false) && !was_inside)
        atomic_store_explicit(&worker->in_queues, false, memory_order_release);
}

#endif
