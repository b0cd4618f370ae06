/* SPDX-License-Identifier: MIT */
/*
 * Coroutines that never ran, and how idle workers come to them.
 *
 * A child starts on its parent's worker: most children are short, or talk with their parent, and
 * then a second processor only adds the cost of sharing. An idle worker takes some only from a
 * worker that is behind. One idle worker at a time is the watcher: while others are busy it sleeps
 * a millisecond at a time and looks at each; one with more fresh coroutines than it has started
 * since the last look would need longer than that, so the watcher takes half of them. It stops
 * watching when it has work, or when nobody is busy: an idle program does not wake up.
 *
 * Rejected: stealing whenever a worker is idle. With channels between short coroutines it spreads
 * over all processors what runs fastest on one (measured by others at 2 to 10 times the cost).
 */
#include "coro/clock.h"
#include "coro/moving_private.h"
#include "coro/sched_private.h"
#include "coro/trace_events_private.h"

enum { TAKE_MAX = 8192 };
static const int64_t LOOK_MIN_NS = CO_CLOCK_MS, LOOK_MAX_NS = 8 * CO_CLOCK_MS;

CO_UNSANITIZED static uint32_t count_of(struct co_fresh_queue *fresh)
{
    return atomic_load_explicit(&fresh->count, memory_order_relaxed);
}

CO_UNSANITIZED static void count_set(struct co_fresh_queue *fresh, uint32_t count)
{
    atomic_store_explicit(&fresh->count, count, memory_order_relaxed);
}

CO_UNSANITIZED void co_fresh_push(struct co_worker *worker, struct co *co)
{
    struct co_fresh_queue *fresh = &worker->fresh;
    co_lock_take_unseen(&fresh->lock);
    co_queue_push(&fresh->queue, co);
    atomic_fetch_add(&fresh->count, 1); /* before it looks for sleepers, which look at this */
    co_lock_drop_unseen(&fresh->lock);
    co_worker_want_watcher(worker);
}

CO_UNSANITIZED struct co *co_fresh_pop(struct co_worker *worker)
{
    struct co_fresh_queue *fresh = &worker->fresh;
    if (count_of(fresh) == 0)
        return NULL;
    co_lock_take_unseen(&fresh->lock);
    struct co *co = co_queue_pop(&fresh->queue);
    if (co) {
        count_set(fresh, count_of(fresh) - 1);
        uint32_t taken = atomic_load_explicit(&fresh->taken, memory_order_relaxed);
        atomic_store_explicit(&fresh->taken, taken + 1, memory_order_relaxed);
    }
    co_lock_drop_unseen(&fresh->lock);
    if (co && count_of(fresh) > 0)
        co_worker_want_watcher(worker);
    return co;
}

/* Half of what `from` has, rounded up, the oldest first. */
CO_UNSANITIZED static uint32_t take_half(struct co_worker *self, struct co_worker *from)
{
    struct co_queue taken = {0};
    co_lock_take_unseen(&from->fresh.lock);
    uint32_t n = (count_of(&from->fresh) + 1) / 2;
    if (n > TAKE_MAX)
        n = TAKE_MAX;
    for (uint32_t i = 0; i < n; i++)
        co_queue_push(&taken, co_queue_pop(&from->fresh.queue));
    count_set(&from->fresh, count_of(&from->fresh) - n);
    co_lock_drop_unseen(&from->fresh.lock);

    /* Only one of the two locks at a time: they have no order. */
    for (struct co *co; (co = co_queue_pop(&taken));) {
        co->worker = self;
        co_trace(self, CO_TRACE_MOVE, co, NULL, (uint64_t)from->index);
        co_lock_take_unseen(&self->fresh.lock);
        co_queue_push(&self->fresh.queue, co);
        count_set(&self->fresh, count_of(&self->fresh) + 1);
        co_lock_drop_unseen(&self->fresh.lock);
    }
    return n;
}

/* --- the watcher ------------------------------------------------------------------------------ */

/* With moves, a worker that is awake may be kept busy. (The caller counts as asleep.) */
CO_UNSANITIZED static bool anywhere(void)
{
    if (co_runtime.moves && co_worker_sleepers() < co_runtime.worker_count)
        return true;
    for (int i = 0; i < co_runtime.worker_count; i++)
        if (atomic_load(&co_runtime.workers[i].fresh.count) > 0)
            return true;
    return false;
}

/* Half of what the workers that are behind have; and remember how many each has started by now. */
CO_UNSANITIZED static uint32_t look(struct co_worker *self, bool take)
{
    uint32_t taken = 0;
    for (int i = 0; i < co_runtime.worker_count; i++) {
        struct co_worker *other = &co_runtime.workers[i];
        uint32_t started = atomic_load_explicit(&other->fresh.taken, memory_order_relaxed);
        uint32_t since = started - self->look_taken[i];
        self->look_taken[i] = started;
        if (take && other != self && count_of(&other->fresh) > since)
            taken += take_half(self, other);
        if (take && other != self && co_runtime.moves)
            taken += co_moving_take(self, other);
    }
    return taken;
}

CO_UNSANITIZED static void begin_watching(struct co_worker *self)
{
    self->watching = true;
    self->look_every_ns = LOOK_MIN_NS;
    self->look_at_ns = co_clock_now_ns() + LOOK_MIN_NS;
    look(self, false);
}

CO_UNSANITIZED static void stop_watching(struct co_worker *self)
{
    self->watching = false;
    atomic_store(&co_runtime.watcher, 0);
}

/* If it is the watcher: it has work of its own now, so another one may watch, and that one, too. */
CO_UNSANITIZED void co_fresh_stop_watching(struct co_worker *self)
{
    if (atomic_load_explicit(&co_runtime.watcher, memory_order_relaxed) != self->index + 1)
        return;
    stop_watching(self);
    if (co_runtime.moves || count_of(&self->fresh) > 0)
        co_worker_want_watcher(self);
}

/* A worker that is going to sleep, and counts as a sleeper already: is it the watcher, and if so
 * for how long may it sleep? Else -1. A spawn that sees no sleeper is seen here. */
CO_UNSANITIZED int64_t co_fresh_watch(struct co_worker *self)
{
    int none = 0;
    if (!self->watching && atomic_load(&co_runtime.watcher) == self->index + 1)
        begin_watching(self); /* co_worker_want_watcher() made it so */
    if (!self->watching && atomic_load(&co_runtime.watcher) == 0 && anywhere() &&
        atomic_compare_exchange_strong(&co_runtime.watcher, &none, self->index + 1))
        begin_watching(self);
    if (self->watching && co_worker_sleepers() == co_runtime.worker_count && !anywhere())
        stop_watching(self); /* there is no worker to watch */
    if (!self->watching)
        return -1;
    int64_t left = self->look_at_ns - co_clock_now_ns();
    return left > 0 ? left : 0;
}

/* Awake with nothing to do: look, if it is the watcher and the time has come. True: it has some
 * work now. Looks less and less often while there is none to be had. */
CO_UNSANITIZED bool co_fresh_look(struct co_worker *self)
{
    if (!self->watching)
        return false;
    int64_t now = co_clock_now_ns();
    if (now < self->look_at_ns)
        return false;
    if (look(self, true) > 0) {
        stop_watching(self);
        return true;
    }
    if (self->look_every_ns < LOOK_MAX_NS)
        self->look_every_ns *= 2;
    self->look_at_ns = now + self->look_every_ns;
    return false;
}
