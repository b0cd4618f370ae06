/* SPDX-License-Identifier: MIT */
/*
 * Invariants, under the heap's lock: slot i fires no earlier than slot (i - 1) / 4; the timer in
 * slot i has place_1 == i + 1; due_ns is the time of slot 0.
 */
#include "coro/timer.h"

#include <sched.h>
#include <stdlib.h>

#include "coro/ensure.h"
#include "coro/sched_private.h"

enum { ARITY = 4, ROOM_FIRST = 64 };

UNSANITIZED static void place(struct timer_heap *heap, uint32_t at, struct timer_slot slot)
{
    heap->slots[at] = slot;
    slot.timer->place_1 = at + 1;
}

UNSANITIZED static void sift_up(struct timer_heap *heap, uint32_t at, struct timer_slot slot)
{
    while (at > 0) {
        uint32_t parent = (at - 1) / ARITY;
        if (heap->slots[parent].at_ns <= slot.at_ns)
            break;
        place(heap, at, heap->slots[parent]);
        at = parent;
    }
    place(heap, at, slot);
}

UNSANITIZED static void sift_down(struct timer_heap *heap, uint32_t at, struct timer_slot slot)
{
    for (;;) {
        uint32_t first = at * ARITY + 1, least = first;
        if (first >= heap->count)
            break;
        for (uint32_t i = first + 1; i < first + ARITY && i < heap->count; i++)
            if (heap->slots[i].at_ns < heap->slots[least].at_ns)
                least = i;
        if (heap->slots[least].at_ns >= slot.at_ns)
            break;
        place(heap, at, heap->slots[least]);
        at = least;
    }
    place(heap, at, slot);
}

UNSANITIZED static void update_due(struct timer_heap *heap)
{
    int64_t due = heap->count ? heap->slots[0].at_ns : INT64_MAX;
    atomic_store_explicit(&heap->due_ns, due, memory_order_relaxed);
}

UNSANITIZED static void take_out(struct timer_heap *heap, struct timer *timer)
{
    uint32_t at = timer->place_1 - 1;
    timer->place_1 = 0;
    struct timer_slot last = heap->slots[--heap->count];
    if (at == heap->count)
        return;
    if (at > 0 && heap->slots[(at - 1) / ARITY].at_ns > last.at_ns)
        sift_up(heap, at, last);
    else
        sift_down(heap, at, last);
}

UNSANITIZED static void grow(struct timer_heap *heap)
{
    uint32_t room = heap->room ? heap->room * 2 : ROOM_FIRST;
    heap->slots = realloc(heap->slots, room * sizeof *heap->slots);
    ensure(heap->slots);
    heap->room = room;
}

UNSANITIZED void timer_start(struct timer *timer, int64_t at_ns, void (*fn)(void *arg), void *arg)
{
    struct worker *worker = worker_self();
    ensure(worker && timer->place_1 == 0);
    struct timer_heap *heap = &worker->timers;
    timer->at_ns = at_ns;
    timer->fn = fn;
    timer->arg = arg;
    timer->worker = worker->index;
    sanitize_release(timer);
    lock_take_unseen(&heap->lock);
    if (heap->count == heap->room)
        grow(heap);
    sift_up(heap, heap->count++, (struct timer_slot){at_ns, timer});
    update_due(heap);
    lock_drop_unseen(&heap->lock);
}

UNSANITIZED bool timer_stop(struct timer *timer)
{
    struct worker *self = worker_self();
    struct worker *worker = &runtime.workers[timer->worker];
    struct timer_heap *heap = &worker->timers;
    lock_take_unseen(&heap->lock);
    bool stopped = timer->place_1 != 0;
    if (stopped) {
        take_out(heap, timer);
        update_due(heap);
    }
    lock_drop_unseen(&heap->lock);
    while (worker != self && atomic_load(&heap->running) == timer)
        sched_yield(); /* it may be running though it is stopped, if it had started itself again */
    sanitize_acquire(&heap->running);
    return stopped;
}

UNSANITIZED void timer_heap_run(struct worker *worker, int64_t now_ns)
{
    struct timer_heap *heap = &worker->timers;
    for (;;) {
        lock_take_unseen(&heap->lock);
        if (heap->count == 0 || heap->slots[0].at_ns > now_ns)
            break;

        /* Out of the heap first: fn may start it again, or its memory may be gone once it
         * returns. */
        struct timer *timer = heap->slots[0].timer;
        void (*fn)(void *arg) = timer->fn;
        void *arg = timer->arg;
        take_out(heap, timer);
        update_due(heap);
        atomic_store(&heap->running, timer);
        lock_drop_unseen(&heap->lock);
        sanitize_acquire(timer);
        sanitize_acquire(&worker->own);
        fn(arg);
        sanitize_release(&worker->own);
        sanitize_release(&heap->running);
        atomic_store(&heap->running, NULL);
    }
    lock_drop_unseen(&heap->lock);
}

void timer_heap_term(struct worker *worker)
{
    free(worker->timers.slots);
    worker->timers.slots = NULL;
}
