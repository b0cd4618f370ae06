/* SPDX-License-Identifier: MIT */
/*
 * The rings. A worker has a pointer to its own, NULL while nothing is recorded. A ring is not freed
 * before the runtime stops: a worker may just be writing into it.
 *
 * Uses the real clock: a look at the clock of a seeded run would change that run.
 */
#include "coro/trace_events_private.h"

#include <stdlib.h>
#include <time.h>

#include "coro/clock.h"

struct co_trace_rings co_trace_rings;

CO_UNSANITIZED static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * CO_CLOCK_S + now.tv_nsec;
}

/* With the ring to itself. The count comes last: whoever reads it sees the event. */
CO_UNSANITIZED static void put(struct co_trace_ring *ring, int64_t at_ns, enum co_trace_kind kind,
    const struct co *co, const char *text, uint64_t other)
{
    uint64_t n = atomic_load_explicit(&ring->written, memory_order_relaxed);
    struct co_trace_event *event = &ring->events[n & (ring->room - 1)];
    atomic_store_explicit(&event->at_ns, at_ns, memory_order_relaxed);
    atomic_store_explicit(&event->co, co_id(co), memory_order_relaxed);
    atomic_store_explicit(&event->text, text, memory_order_relaxed);
    atomic_store_explicit(
        &event->what, other << CO_TRACE_KIND_BITS | (uint64_t)kind, memory_order_relaxed);
    atomic_store_explicit(&ring->written, n + 1, memory_order_release);
}

CO_UNSANITIZED void co_trace_note(struct co_worker *worker, enum co_trace_kind kind,
    const struct co *co, const char *text, uint64_t other)
{
    struct co_trace_ring *ring =
        worker ? atomic_load_explicit(&worker->trace, memory_order_acquire) : NULL;
    if (ring) {
        put(ring, now_ns(), kind, co, text, other);
        return;
    }
    ring = atomic_load_explicit(&co_trace_rings.others, memory_order_acquire);
    if (worker || !ring)
        return; /* it has just been stopped */
    co_lock_take_unseen(&ring->lock);
    put(ring, now_ns(), kind, co, text, other);
    co_lock_drop_unseen(&ring->lock);
}

/* One moment, two coroutines: the one leaves, the other one runs. */
CO_UNSANITIZED void co_trace_switch(
    struct co_worker *worker, const struct co *from, const struct co *to, bool ends)
{
    struct co_trace_ring *ring = atomic_load_explicit(&worker->trace, memory_order_acquire);
    if (!ring)
        return;
    int64_t at_ns = now_ns();
    bool waits = atomic_load_explicit(&from->state, memory_order_relaxed) == CO_WAITING;
    enum co_trace_kind kind = ends ? CO_TRACE_END : waits ? CO_TRACE_PARK : CO_TRACE_YIELD;
    put(ring, at_ns, kind, from, waits ? from->why : NULL, 0);
    if (to)
        put(ring, at_ns, CO_TRACE_RUN, to, co_name(to), 0);
}

void co_trace_mark(const char *text)
{
    struct co_worker *worker = co_worker_self();
    if (worker)
        co_trace(worker, CO_TRACE_MARK, worker->current, text, 0);
}

/* --- start and stop --------------------------------------------------------------------------- */

/* The ring of that number, empty; false: memory is short. */
static bool prepare(int i, size_t room)
{
    struct co_trace_ring *ring = atomic_load(&co_trace_rings.ring[i]);
    if (ring && ring->room == room) {
        atomic_store(&ring->first, atomic_load(&ring->written));
        return true;
    }
    struct co_trace_ring *made = calloc(1, sizeof *made + room * sizeof made->events[0]);
    if (!made)
        return false;
    made->room = room;
    if (ring) {
        ring->next = co_trace_rings.retired;
        co_trace_rings.retired = ring;
    }
    atomic_store(&co_trace_rings.ring[i], made);
    return true;
}

static bool start(size_t events)
{
    size_t room = 64;
    while (room < (events ? events : CO_TRACE_EVENTS) && room < CO_TRACE_EVENTS_MAX)
        room *= 2;
    co_trace_rings.count = co_runtime.worker_count + 1;
    for (int i = 0; i < co_trace_rings.count; i++)
        if (!prepare(i, room))
            return false;
    for (int i = 0; i < co_runtime.worker_count; i++)
        atomic_store(&co_runtime.workers[i].trace, atomic_load(&co_trace_rings.ring[i]));
    atomic_store(
        &co_trace_rings.others, atomic_load(&co_trace_rings.ring[co_runtime.worker_count]));
    return true;
}

bool co_trace_start(size_t events)
{
    co_lock_take(&co_trace_rings.lock);
    bool started = !co_trace_is_on() && start(events);
    co_lock_drop(&co_trace_rings.lock);
    return started;
}

void co_trace_stop(void)
{
    co_lock_take(&co_trace_rings.lock);
    for (int i = 0; i < co_runtime.worker_count; i++)
        atomic_store(&co_runtime.workers[i].trace, NULL);
    atomic_store(&co_trace_rings.others, NULL);
    co_lock_drop(&co_trace_rings.lock);
}

bool co_trace_is_on(void)
{
    return atomic_load(&co_trace_rings.others) != NULL;
}

/* --- at the end of a run ---------------------------------------------------------------------- */

void co_trace_term(void)
{
    atomic_store(&co_trace_rings.others, NULL);
    for (int i = 0; i < co_trace_rings.count; i++)
        free(atomic_exchange(&co_trace_rings.ring[i], NULL));
    for (struct co_trace_ring *ring; (ring = co_trace_rings.retired);) {
        co_trace_rings.retired = ring->next;
        free(ring);
    }
    co_trace_rings.count = 0;
}
