/* SPDX-License-Identifier: MIT */
/*
 * Invariants, under the heap's lock: slot i fires no earlier than slot (i - 1) / 4; the timer in
 * slot i has place_1 == i + 1; a timer in the list `spilled` has place_1 == SPILLED; due_ns is the
 * time of the first of them all.
 *
 * Starting a timer cannot fail: where memory is too short for more slots, it goes into that list,
 * which is looked through from end to end.
 */
#include "coro/timer.h"

#include <sched.h>
#include <stdlib.h>

#include "coro/ensure.h"
#include "coro/sched_private.h"
#include "coro/trace_events_private.h"

enum { ARITY = 4, ROOM_FIRST = 64 };
#define SPILLED UINT32_MAX

CO_UNSANITIZED static void place(struct co_timer_heap *heap, uint32_t at, struct co_timer_slot slot)
{
    heap->slots[at] = slot;
    slot.timer->place_1 = at + 1;
}

CO_UNSANITIZED static void sift_up(
    struct co_timer_heap *heap, uint32_t at, struct co_timer_slot slot)
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

CO_UNSANITIZED static void sift_down(
    struct co_timer_heap *heap, uint32_t at, struct co_timer_slot slot)
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

/* The one that fires next, or NULL. */
CO_UNSANITIZED static struct co_timer *first(const struct co_timer_heap *heap)
{
    struct co_timer *timer = heap->count ? heap->slots[0].timer : NULL;
    for (struct co_timer *other = heap->spilled; other; other = other->next)
        if (!timer || other->at_ns < timer->at_ns)
            timer = other;
    return timer;
}

CO_UNSANITIZED static void update_due(struct co_timer_heap *heap)
{
    const struct co_timer *timer = first(heap);
    int64_t due = timer ? timer->at_ns : INT64_MAX;
    atomic_store_explicit(&heap->due_ns, due, memory_order_relaxed);
}

CO_UNSANITIZED static void take_out(struct co_timer_heap *heap, struct co_timer *timer)
{
    uint32_t place_1 = timer->place_1, at = place_1 - 1;
    timer->place_1 = 0;
    if (place_1 == SPILLED) {
        struct co_timer **link = &heap->spilled;
        while (*link != timer)
            link = &(*link)->next;
        *link = timer->next;
        return;
    }
    struct co_timer_slot last = heap->slots[--heap->count];
    if (at == heap->count)
        return;
    if (at > 0 && heap->slots[(at - 1) / ARITY].at_ns > last.at_ns)
        sift_up(heap, at, last);
    else
        sift_down(heap, at, last);
}

CO_UNSANITIZED static bool has_room(struct co_timer_heap *heap)
{
    if (heap->count < heap->room)
        return true;
    uint32_t room = heap->room ? heap->room * 2 : ROOM_FIRST;
    struct co_timer_slot *slots = realloc(heap->slots, room * sizeof *heap->slots);
    if (!slots)
        return false;
    heap->slots = slots;
    heap->room = room;
    return true;
}

CO_UNSANITIZED static void put_in(struct co_timer_heap *heap, struct co_timer *timer)
{
    if (has_room(heap)) {
        sift_up(heap, heap->count++, (struct co_timer_slot){timer->at_ns, timer});
        return;
    }
    timer->place_1 = SPILLED;
    timer->next = heap->spilled;
    heap->spilled = timer;
}

CO_UNSANITIZED void co_timer_start(
    struct co_timer *timer, int64_t at_ns, void (*fn)(void *arg), void *arg)
{
    struct co_worker *worker = co_worker_self();
    co_ensure(worker && timer->place_1 == 0);
    struct co_timer_heap *heap = &worker->timers;
    timer->at_ns = at_ns;
    timer->fn = fn;
    timer->arg = arg;
    timer->worker = worker->index;
    co_sanitize_release(timer);
    co_lock_take_unseen(&heap->lock);
    put_in(heap, timer);
    update_due(heap);
    co_lock_drop_unseen(&heap->lock);
}

CO_UNSANITIZED bool co_timer_stop(struct co_timer *timer)
{
    struct co_worker *self = co_worker_self();
    struct co_worker *worker = &co_runtime.workers[timer->worker];
    struct co_timer_heap *heap = &worker->timers;
    co_lock_take_unseen(&heap->lock);
    bool stopped = timer->place_1 != 0;
    if (stopped) {
        take_out(heap, timer);
        update_due(heap);
    }
    co_lock_drop_unseen(&heap->lock);
    while (worker != self && atomic_load(&heap->running) == timer)
        sched_yield(); /* it may be running though it is stopped, if it had started itself again */
    co_sanitize_acquire(&heap->running);
    return stopped;
}

CO_UNSANITIZED void co_timer_heap_run(struct co_worker *worker, int64_t now_ns)
{
    struct co_timer_heap *heap = &worker->timers;
    for (;;) {
        co_lock_take_unseen(&heap->lock);
        struct co_timer *timer = first(heap);
        if (!timer || timer->at_ns > now_ns)
            break;

        /* Out of the heap first: fn may start it again, or its memory may be gone once it
         * returns. */
        void (*fn)(void *arg) = timer->fn;
        void *arg = timer->arg;
        take_out(heap, timer);
        update_due(heap);
        atomic_store(&heap->running, timer);
        co_lock_drop_unseen(&heap->lock);
        co_sanitize_acquire(timer);
        co_sanitize_acquire(&worker->own);
        co_count(&worker->beats);
        co_trace(worker, CO_TRACE_TIMER, NULL, NULL, 0);
        fn(arg);
        co_sanitize_release(&worker->own);
        co_sanitize_release(&heap->running);
        atomic_store(&heap->running, NULL);
    }
    co_lock_drop_unseen(&heap->lock);
}

void co_timer_heap_term(struct co_worker *worker)
{
    free(worker->timers.slots);
    worker->timers.slots = NULL;
}
