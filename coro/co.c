/* SPDX-License-Identifier: MIT */
/*
 * The life of a coroutine, and the switch from one to the next.
 *
 * Invariants
 *  - worker->current is the coroutine whose stack the thread is on; NULL on the worker's own.
 *  - A coroutine is in at most one queue; it is in one exactly while it is FRESH or READY.
 *  - worker->commit is set only between leaving a stack and arriving on the next, which runs it
 *    first. Until then nobody else knows that the coroutine is parked.
 *  - Once it has run (co->stack is set), a coroutine's worker changes only in its queue, by
 *    moving.c, if the run's options say so.
 *
 * A parking coroutine switches straight to the next ready one; it goes by the worker's own stack
 * only if there is none, or if it is time to look at timers and descriptors.
 */
#include "coro/co.h"

#include "coro/marks_private.h"
#include "coro/moving_private.h"
#include "coro/random.h"
#include "coro/sched_private.h"
#include "coro/switch_private.h"
#include "coro/trace_events_private.h"

#ifdef CORO_DEBUG
enum { MARKED = 1 };
#else
enum { MARKED = 0 };
#endif

CO_UNSANITIZED static void set_state(struct co *co, enum co_state state)
{
    atomic_store_explicit(&co->state, state, memory_order_relaxed);
}

CO_UNSANITIZED static void switch_strand(struct co_strand *from, struct co_strand *to, bool ends)
{
    co_sanitize_leave(&from->sanitize, &to->sanitize, ends);
    co_switch_stack(&from->sp, to->sp);
    co_sanitize_arrive(&from->sanitize);
}

/* First thing after a switch: do what the coroutine that left wanted done. */
CO_UNSANITIZED static void settle(struct co_worker *worker)
{
    if (!worker->commit.co)
        return;

    /* Most parks only drop a lock. */
    struct co_commit commit = worker->commit;
    worker->commit.co = NULL;
    if (commit.lock) {
        co_lock_drop_unseen(commit.lock);
        return;
    }

    /* The others run code: for ThreadSanitizer, on a fiber that stands for the one that left. */
    struct co_strand *self = worker->current ? &worker->current->strand : &worker->own;
    co_sanitize_speak_as(&worker->committer.sanitize);
    co_sanitize_acquire(&worker->commit);
    bool pinned = commit.co->pinned;
    bool parked = commit.fn(commit.co, commit.arg);
    if (pinned)
        co_sanitize_release(&worker->own);
    if (!parked)
        co_sanitize_release(commit.co);
    co_sanitize_release(&co_runtime);
    co_sanitize_speak_as(&self->sanitize);

    /* There was nothing to wait for after all. */
    if (!parked) {
        set_state(commit.co, CO_IS_READY);
        co_queue_push(&worker->ready, commit.co);
    }
}

/* ThreadSanitizer would take two coroutines that use one stack in turn for racing, unless they are
 * one fiber, too; so there each descriptor keeps both its fiber and its stack. */
CO_UNSANITIZED static void take_stack(struct co_worker *worker, struct co *co)
{
    if (CO_SANITIZE_THREADS && co->kept_stack_1) {
        co->stack = co->kept_stack_1 - 1;
    } else if (worker->spare_stack != CO_INDEX_NONE) {
        co->stack = worker->spare_stack;
        worker->spare_stack = CO_INDEX_NONE;
    } else {
        co->stack = co_index_take(&co_runtime.stacks.pool, &worker->stacks);
    }
    co_ensure(
        co->stack != CO_INDEX_NONE); /* there are more stacks than coroutines: see reserve() */
    co_sanitize_stack_open(&co->strand.sanitize, co_stack_bottom(&co_runtime.stacks, co->stack),
        co_stack_usable(&co_runtime.stacks));
}

/* More coroutines are about to start. They may do so while a parking coroutine holds a lock until
 * its commit: so have the guard page made and the first page touched now, when nobody waits for
 * it. */
CO_UNSANITIZED static void have_a_spare_stack(struct co_worker *worker)
{
    if (worker->spare_stack != CO_INDEX_NONE ||
        atomic_load_explicit(&worker->fresh.count, memory_order_relaxed) == 0)
        return;
    worker->spare_stack = co_index_take(&co_runtime.stacks.pool, &worker->stacks);
    if (worker->spare_stack != CO_INDEX_NONE)
        *(volatile char *)(co_stack_top(&co_runtime.stacks, worker->spare_stack) - 1) = 0;
}

CO_UNSANITIZED static void give_stack_back(struct co_worker *worker, struct co *co)
{
    if (MARKED)
        co_marks_note(co->site, co_stack_bottom(&co_runtime.stacks, co->stack),
            co_stack_top(&co_runtime.stacks, co->stack));
    co_sanitize_stack_close(
        co_stack_bottom(&co_runtime.stacks, co->stack), co_stack_usable(&co_runtime.stacks));
    if (CO_SANITIZE_THREADS)
        co->kept_stack_1 = co->stack + 1;
    else
        co_index_give(&co_runtime.stacks.pool, &worker->stacks, co->stack);
    co->stack = CO_INDEX_NONE;
}

CO_UNSANITIZED static bool commit_retire(struct co *co, void *arg)
{
    struct co_worker *worker = arg;
    give_stack_back(worker, co);
    set_state(co, CO_FREE);
    co_index_give(&co_runtime.cos_pool, &worker->cos, (uint32_t)(co - co_runtime.cos));
    worker->retired = co;
    return true;
}

static void co_main(void);

/* Make it the running one: give it a stack if it never ran. */
CO_UNSANITIZED static void begin(struct co_worker *worker, struct co *co)
{
    worker->current = co;
    set_state(co, CO_RUNNING);
    if (co->stack != CO_INDEX_NONE)
        return;
    take_stack(worker, co);
    co->strand.sp = co_switch_prepare(co_stack_top(&co_runtime.stacks, co->stack), co_main);
}

/* The next coroutine to run, or NULL: there is none, or it is time to look around. */
CO_UNSANITIZED struct co *co_pick(struct co_worker *worker)
{
    if (co_runtime.schedule)
        return co_schedule_pick(worker);
    if (worker->must_return || --worker->turns_left <= 0)
        return NULL;

    /* The one just woken first, while its data is in the cache; but not for too long. */
    struct co *co = worker->next;
    if (co) {
        worker->next = NULL;
        if (++worker->next_turns <= CO_NEXT_MAX)
            return co;
        co_queue_push(&worker->ready, co);
    }

    /* Fresh ones and ready ones by turns, so that neither starves. */
    worker->next_turns = 0;
    worker->alternate = !worker->alternate;
    uint32_t fresh = atomic_load_explicit(&worker->fresh.count, memory_order_relaxed);
    if (fresh > 0 && (worker->alternate || !worker->ready.first) && (co = co_fresh_pop(worker)))
        return co;
    return co_queue_pop(&worker->ready);
}

/* Go to `to`'s stack, or the worker's own if it is NULL; come back when the coroutine is resumed.
 * errno is the thread's: it is kept for the coroutine meanwhile. */
CO_UNSANITIZED static void go(struct co_worker *worker, struct co *self, struct co *to, bool ends)
{
    self->saved_errno = *worker->errno_of_thread;
    co_sanitize_release(&co_runtime); /* for the thread that stops it in the end */
    if (self->pinned)
        co_sanitize_release(&worker->own);
    if (worker->must_return)
        co_sanitize_release(&worker->must_return);
    if (__builtin_expect(atomic_load_explicit(&worker->trace, memory_order_relaxed) != NULL, false))
        co_trace_switch(worker, self, to, ends);
    if (to)
        begin(worker, to);
    else
        worker->current = NULL;
    switch_strand(&self->strand, to ? &to->strand : &worker->own, ends);
    worker = co_worker_self();
    settle(worker);
    co_moving_leave(worker, false);
    *worker->errno_of_thread = self->saved_errno;
    co_sanitize_acquire(self);
    if (self->pinned)
        co_sanitize_acquire(&worker->own);
}

/* Leave the running coroutine's stack; the commit is made once that is done. */
CO_UNSANITIZED static void leave(struct co_worker *worker, struct co_commit commit, bool ends)
{
    co_moving_enter(worker);
    worker->commit = commit;
    co_sanitize_release(&worker->commit);
    go(worker, commit.co, co_pick(worker), ends);
}

/*
 * A coroutine has ended. If the next one to run is fresh it takes over the stack, warm as it is,
 * and no switch is needed; else NULL. (Under a sanitizer each has a stack and fiber of its own.)
 */
CO_UNSANITIZED static struct co *hand_over(struct co_worker *worker, struct co *self)
{
    if (CO_SANITIZED || MARKED || co_runtime.schedule)
        return NULL;
    co_moving_enter(worker); /* if none takes over: until the next one has arrived */
    if (worker->must_return || worker->next || worker->ready.first)
        return NULL;
    if (--worker->turns_left <= 0)
        return NULL;
    struct co *co = co_fresh_pop(worker);
    if (!co)
        return NULL;
    co->stack = self->stack;
    if (atomic_load_explicit(&worker->trace, memory_order_relaxed))
        co_trace_switch(worker, self, co, true);
    set_state(co, CO_RUNNING);
    worker->current = co;
    set_state(self, CO_FREE);
    co_index_give(&co_runtime.cos_pool, &worker->cos, (uint32_t)(self - co_runtime.cos));
    co_moving_leave(worker, false);
    return co;
}

/* The bottom of every coroutine's stack. */
CO_UNSANITIZED static void co_main(void)
{
    struct co_worker *worker = co_worker_self();
    struct co *self = worker->current;
    co_sanitize_arrive(&self->strand.sanitize);
    settle(worker);
    co_moving_leave(worker, false);
    have_a_spare_stack(worker);
    do {
        co_sanitize_acquire(self);
        if (self->pinned)
            co_sanitize_acquire(&worker->own);
        self->fn(self->arg);
        worker = co_worker_self();
        co_tell(CO_SCHEDULE_ENDED, self, NULL, NULL);
        co_count(&worker->ended);
        self = hand_over(worker, self);
    } while (self);
    leave(worker, (struct co_commit){worker->current, commit_retire, worker, NULL}, true);
}

/* On the worker's own stack: run it until the worker's stack is returned to. */
CO_UNSANITIZED void co_resume(struct co_worker *worker, struct co *co)
{
    for (;;) {
        begin(worker, co);
        co_trace(worker, CO_TRACE_RUN, co, co_name(co), 0);
        switch_strand(&worker->own, &co->strand, false);
        worker->current = NULL;
        settle(worker);
        struct co_big_call call = worker->call;
        if (!call.fn)
            return;
        worker->call.fn = NULL;
        co_sanitize_acquire(&worker->call);
        call.fn(call.arg);
        co_sanitize_release(&worker->call);
        co = call.co;
    }
}

CO_UNSANITIZED void co_worker_call(void (*fn)(void *arg), void *arg)
{
    struct co_worker *worker = co_worker_self();
    co_ensure(worker);
    struct co *self = worker->current;
    if (!self) {
        fn(arg);
        return;
    }
    worker->call = (struct co_big_call){self, fn, arg};
    co_sanitize_release(&worker->call);
    worker->current = NULL;
    switch_strand(&self->strand, &worker->own, false);
    co_moving_leave(worker, false);
    co_sanitize_acquire(&worker->call);
}

CO_UNSANITIZED static bool commit_queue(struct co *co, void *arg)
{
    co_queue_push(&((struct co_worker *)arg)->ready, co);
    return true;
}

/* A coroutine that was woken last does not go before one that was here first: `next` goes last. */
CO_UNSANITIZED void co_yield(void)
{
    struct co_worker *worker = co_worker_self();
    struct co *self = worker ? worker->current : NULL;
    co_ensure(self);
    if (co_runtime.schedule) {
        co_schedule_yield(self);
        co_preempt();
        return;
    }
    co_moving_enter(worker);
    if (worker->next) {
        co_queue_push(&worker->ready, worker->next);
        worker->next = NULL;
    }
    struct co *to = co_pick(worker);
    if (!to && worker->turns_left > 0 && !worker->must_return) {
        co_moving_leave(worker, false);
        return; /* no other coroutine is ready */
    }
    co_sanitize_release(self);
    set_state(self, CO_IS_READY);
    if (to)
        co_queue_push(&worker->ready, self);
    else
        worker->commit = (struct co_commit){self, commit_queue, worker, NULL};
    go(worker, self, to, false);
}

CO_UNSANITIZED void co_preempt(void)
{
    struct co_worker *worker = co_worker_self();
    struct co *self = worker ? worker->current : NULL;
    if (!self || worker->must_return || co_runtime.schedule->held)
        return;
    co_sanitize_release(self);
    set_state(self, CO_IS_READY);
    co_queue_push(&worker->ready, self);
    struct co *to = co_pick(worker);
    if (to == self)
        set_state(self, CO_RUNNING);
    else
        go(worker, self, to, false);
}

CO_UNSANITIZED static struct co *note_parking(struct co_worker *worker, const char *why)
{
    struct co *self = worker ? worker->current : NULL;
    co_ensure(self); /* only a coroutine can park, not a callback or a foreign thread */
    int64_t now = atomic_load_explicit(&worker->now_ns, memory_order_relaxed);
    atomic_store_explicit(&self->why, why, memory_order_relaxed);
    atomic_store_explicit(&self->since_ns, now, memory_order_relaxed);
    set_state(self, CO_WAITING);
    return self;
}

CO_UNSANITIZED void co_park(const char *why, bool (*commit)(struct co *co, void *arg), void *arg)
{
    struct co_worker *worker = co_worker_self();
    struct co *self = note_parking(worker, why);
    leave(worker, (struct co_commit){self, commit, arg, NULL}, false);
}

CO_UNSANITIZED void co_park_with(const char *why, struct co_lock *lock)
{
    struct co_worker *worker = co_worker_self();
    struct co *self = note_parking(worker, why);
    co_sanitize_release(lock); /* ThreadSanitizer does not see the drop itself */
    leave(worker, (struct co_commit){self, NULL, NULL, lock}, false);
}

/* In a test mode. */
CO_UNSANITIZED static void ready_unusually(struct co *co)
{
    co_tell(CO_SCHEDULE_READIED, co, NULL, NULL);
    if (co_runtime.migrates && !co->pinned)
        co->worker = &co_runtime.workers[co_random_below((uint32_t)co_runtime.worker_count)];
}

CO_UNSANITIZED void co_ready(struct co *co)
{
    struct co_worker *worker = co_worker_self();
    co_sanitize_release(co);
    set_state(co, CO_IS_READY);
    if (__builtin_expect(co_runtime.unusual, false))
        ready_unusually(co);
    co_trace_anywhere(worker, CO_TRACE_READY, co, worker ? co_id(worker->current) : 0);
    co_moving_back(worker, co);
    if (co->worker != worker) {
        co_worker_post(co->worker, co);
        return;
    }
    bool was_inside = co_moving_enter(worker);
    if (!worker->current) {
        co_queue_push(&worker->ready, co);
    } else {
        if (worker->next)
            co_queue_push(&worker->ready, worker->next);
        worker->next = co;
    }
    co_moving_leave(worker, was_inside);
    if (__builtin_expect(co_runtime.moves, false))
        co_worker_want_watcher(worker);
}
