/* SPDX-License-Identifier: MIT */
/*
 * Uncontended: one compare-and-swap each way. A waiter that is woken has to win the lock like
 * anyone else, since a running coroutine can use it immediately; but after STARVING_NS of waiting
 * the lock is handed to it. While one is being woken no second one is: it would wake in vain. (The
 * scheme of Go's sync.Mutex.)
 *
 * Invariants: WAITED_FOR and WAKING are changed under guard only. WAITED_FOR is set exactly while
 * waiters is not empty; WAKING from the wake of a waiter until it has tried. With WAITED_FOR but
 * not WAKING, unlock goes through guard and wakes one; so no wake is lost.
 */
#include "coro/mutex.h"

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/sched_private.h"

enum { LOCKED = 1, WAITED_FOR = 2, WAKING = 4 };
enum { WOKEN, HANDED_OVER }; /* a waiter's status */
enum { TRIES = 30 };         /* while the holder runs on another worker */
enum { COUNTED_MAX = 1000 };
static const int64_t STARVING_NS = CO_CLOCK_MS;

struct mutex_waiter {
    struct co_waiter waiter; /* first: a list holds these */
    int64_t since_ns;
};

static bool try_state(struct co_mutex *mutex, uint32_t from, uint32_t to)
{
    return atomic_compare_exchange_strong_explicit(
        &mutex->state, &from, to, memory_order_acq_rel, memory_order_relaxed);
}

static void set_holder(struct co_mutex *mutex, struct co *co)
{
    atomic_store_explicit(&mutex->holder, co, memory_order_relaxed);
}

/* Barging: take it if it is free, whoever waits. */
bool co_mutex_try_lock(struct co_mutex *mutex)
{
    uint32_t state = atomic_load_explicit(&mutex->state, memory_order_relaxed);
    if (state & LOCKED || !try_state(mutex, state, state | LOCKED))
        return false;
    struct co_worker *worker = co_worker_self();
    set_holder(mutex, worker ? worker->current : NULL);
    return true;
}

/* Under guard: take it, or announce a waiter; `woken`: by one that was woken. True: taken. */
static bool take_or_announce(struct co_mutex *mutex, bool woken)
{
    for (;;) {
        uint32_t state = atomic_load_explicit(&mutex->state, memory_order_relaxed);
        uint32_t rest = woken ? state & ~(uint32_t)WAKING : state;
        bool free = !(state & LOCKED);
        if (try_state(mutex, state, rest | (free ? LOCKED : WAITED_FOR)))
            return free;
    }
}

/* It is likely to be free soon: its holder runs right now, on another processor. */
static bool worth_trying(struct co_mutex *mutex, struct co *self)
{
    struct co *holder = atomic_load_explicit(&mutex->holder, memory_order_relaxed);
    return co_runtime.worker_count > 1 && holder && holder->worker != self->worker &&
           atomic_load_explicit(&holder->state, memory_order_relaxed) == CO_RUNNING;
}

static bool spin(struct co_mutex *mutex, struct co *self)
{
    for (int i = 0; i < TRIES && worth_trying(mutex, self); i++) {
        if (co_mutex_try_lock(mutex))
            return true;
        co_lock_relax();
    }
    return false;
}

static void lock_slowly(struct co_mutex *mutex)
{
    struct co *self = co_current();
    co_ensure(self && atomic_load_explicit(&mutex->holder, memory_order_relaxed) != self);
    if (spin(mutex, self))
        return;
    struct mutex_waiter me = {.waiter = {.co = self}};
    for (bool first = true;; first = false) {
        co_lock_take(&mutex->guard);
        if (take_or_announce(mutex, !first)) {
            co_lock_drop(&mutex->guard);
            break;
        }
        if (first) {
            me.since_ns = co_worker_now_ns();
            co_waiters_push(&mutex->waiters, &me.waiter);
        } else { /* it has waited longest: back to the front */
            co_waiters_push_front(&mutex->waiters, &me.waiter);
        }
        co_park_with("mutex", &mutex->guard);
        if (me.waiter.status == HANDED_OVER)
            break;
    }
    set_holder(mutex, self);
}

static void lock(struct co_mutex *mutex)
{
    if (!co_mutex_try_lock(mutex))
        lock_slowly(mutex);
}

void co_mutex_lock(struct co_mutex *mutex)
{
    if (!co_is_seeded()) {
        lock(mutex);
        return;
    }
    co_preempt();
    lock(mutex);
    co_schedule_tell(CO_SCHEDULE_LOCKED, co_current(), NULL, &mutex->guard);
}

static void unlock_slowly(struct co_mutex *mutex)
{
    co_lock_take(&mutex->guard);
    struct co_waiter *waiter = mutex->waiters.first;
    struct co *co = NULL;
    if (waiter) {
        co = waiter->co;
        co_waiters_remove(&mutex->waiters, waiter);

        /* Wake it to compete; or hand over the lock, if it has waited for long. */
        uint32_t rest = mutex->waiters.first ? WAITED_FOR : 0;
        int64_t since_ns = ((struct mutex_waiter *)waiter)->since_ns;
        bool hand_over = co_worker_now_ns() - since_ns >= STARVING_NS;
        waiter->status = hand_over ? HANDED_OVER : WOKEN;
        atomic_store_explicit(
            &mutex->state, rest | (hand_over ? LOCKED : WAKING), memory_order_release);
    } else {
        atomic_store_explicit(&mutex->state, 0, memory_order_release);
    }
    co_lock_drop(&mutex->guard);
    if (co)
        co_ready(co);
}

void co_mutex_unlock(struct co_mutex *mutex)
{
    struct co *holder = atomic_load_explicit(&mutex->holder, memory_order_relaxed);
    co_ensure(atomic_load_explicit(&mutex->state, memory_order_relaxed) & LOCKED);
    co_ensure(!holder || holder == co_current());
    set_holder(mutex, NULL);
    co_tell(CO_SCHEDULE_UNLOCKED, holder, NULL, &mutex->guard);
    uint32_t state = atomic_load_explicit(&mutex->state, memory_order_relaxed);
    bool nobody_to_wake = state == LOCKED || state & WAKING;
    if (!nobody_to_wake || !try_state(mutex, state, state & ~(uint32_t)LOCKED))
        unlock_slowly(mutex);
}

bool co_mutex_is_held(const struct co_mutex *mutex)
{
    return atomic_load_explicit(&mutex->state, memory_order_relaxed) & LOCKED;
}

uint32_t co_mutex_waiting(struct co_mutex *mutex)
{
    uint32_t count = 0;
    if (!(atomic_load_explicit(&mutex->state, memory_order_relaxed) & WAITED_FOR))
        return 0;
    /* Bounded, as others spin for the guard meanwhile. */
    co_lock_take(&mutex->guard);
    for (const struct co_waiter *at = mutex->waiters.first; at && count < COUNTED_MAX;
         at = at->next)
        count++;
    co_lock_drop(&mutex->guard);
    return count;
}
