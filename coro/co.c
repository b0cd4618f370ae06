/* SPDX-License-Identifier: MIT */
/*
 * The life of a coroutine, and the switch from one to the next.
 *
 * Invariants
 *  - worker->current is the coroutine whose stack the thread is on; NULL on the worker's own.
 *  - A coroutine is in at most one queue; it is in one exactly while it is FRESH or READY.
 *  - worker->commit is set only between leaving a stack and arriving on the next, which runs it
 *    first. Until then nobody else knows that the coroutine is parked.
 *  - Once it has run (co->stack is set), a coroutine's worker never changes.
 *
 * A parking coroutine switches straight to the next ready one; it goes by the worker's own stack
 * only if there is none, or if it is time to look at timers and descriptors.
 */
#include "coro/co.h"

#include "coro/marks_private.h"
#include "coro/random.h"
#include "coro/sched_private.h"
#include "coro/switch_private.h"

#ifdef CORO_DEBUG
enum { MARKED = 1 };
#else
enum { MARKED = 0 };
#endif

UNSANITIZED static void set_state(struct co *co, enum co_state state)
{
    atomic_store_explicit(&co->state, state, memory_order_relaxed);
}

UNSANITIZED static void switch_strand(struct strand *from, struct strand *to, bool ends)
{
    sanitize_leave(&from->sanitize, &to->sanitize, ends);
    switch_stack(&from->sp, to->sp);
    sanitize_arrive(&from->sanitize);
}

/* First thing after a switch: do what the coroutine that left wanted done. */
UNSANITIZED static void settle(struct worker *worker)
{
    if (!worker->commit.co)
        return;

    /* Most parks only drop a lock. */
    struct commit commit = worker->commit;
    worker->commit.co = NULL;
    if (commit.lock) {
        lock_drop_unseen(commit.lock);
        return;
    }

    /* The others run code: for ThreadSanitizer, on a fiber that stands for the one that left. */
    struct strand *self = worker->current ? &worker->current->strand : &worker->own;
    sanitize_speak_as(&worker->committer.sanitize);
    sanitize_acquire(&worker->commit);
    bool pinned = commit.co->pinned;
    bool parked = commit.fn(commit.co, commit.arg);
    if (pinned)
        sanitize_release(&worker->own);
    if (!parked)
        sanitize_release(commit.co);
    sanitize_release(&runtime);
    sanitize_speak_as(&self->sanitize);

    /* There was nothing to wait for after all. */
    if (!parked) {
        set_state(commit.co, CO_IS_READY);
        co_queue_push(&worker->ready, commit.co);
    }
}

/* ThreadSanitizer would take two coroutines that use one stack in turn for racing, unless they are
 * one fiber, too; so there each descriptor keeps both its fiber and its stack. */
UNSANITIZED static void take_stack(struct worker *worker, struct co *co)
{
    if (SANITIZE_THREADS && co->kept_stack_1) {
        co->stack = co->kept_stack_1 - 1;
    } else if (worker->spare_stack != INDEX_NONE) {
        co->stack = worker->spare_stack;
        worker->spare_stack = INDEX_NONE;
    } else {
        co->stack = index_take(&runtime.stacks.pool, &worker->stacks);
    }
    ensure(co->stack != INDEX_NONE); /* there are more stacks than coroutines: see reserve() */
    sanitize_stack_open(&co->strand.sanitize, stack_bottom(&runtime.stacks, co->stack),
        stack_usable(&runtime.stacks));
}

/* More coroutines are about to start. They may do so while a parking coroutine holds a lock until
 * its commit: so have the guard page made and the first page touched now, when nobody waits for
 * it. */
UNSANITIZED static void have_a_spare_stack(struct worker *worker)
{
    if (worker->spare_stack != INDEX_NONE ||
        atomic_load_explicit(&worker->fresh.count, memory_order_relaxed) == 0)
        return;
    worker->spare_stack = index_take(&runtime.stacks.pool, &worker->stacks);
    if (worker->spare_stack != INDEX_NONE)
        *(volatile char *)(stack_top(&runtime.stacks, worker->spare_stack) - 1) = 0;
}

UNSANITIZED static void give_stack_back(struct worker *worker, struct co *co)
{
    if (MARKED)
        marks_note(co->site, stack_bottom(&runtime.stacks, co->stack),
            stack_top(&runtime.stacks, co->stack));
    sanitize_stack_close(stack_bottom(&runtime.stacks, co->stack), stack_usable(&runtime.stacks));
    if (SANITIZE_THREADS)
        co->kept_stack_1 = co->stack + 1;
    else
        index_give(&runtime.stacks.pool, &worker->stacks, co->stack);
    co->stack = INDEX_NONE;
}

UNSANITIZED static bool commit_retire(struct co *co, void *arg)
{
    struct worker *worker = arg;
    give_stack_back(worker, co);
    set_state(co, CO_FREE);
    index_give(&runtime.cos_pool, &worker->cos, (uint32_t)(co - runtime.cos));
    worker->retired = co;
    return true;
}

static void co_main(void);

/* Make it the running one: give it a stack if it never ran. */
UNSANITIZED static void begin(struct worker *worker, struct co *co)
{
    worker->current = co;
    set_state(co, CO_RUNNING);
    if (co->stack != INDEX_NONE)
        return;
    take_stack(worker, co);
    co->strand.sp = switch_prepare(stack_top(&runtime.stacks, co->stack), co_main);
}

/* The next coroutine to run, or NULL: there is none, or it is time to look around. */
UNSANITIZED struct co *co_pick(struct worker *worker)
{
    if (runtime.schedule)
        return schedule_pick(worker);
    if (worker->must_return || --worker->turns_left <= 0)
        return NULL;

    /* The one just woken first, while its data is in the cache; but not for too long. */
    struct co *co = worker->next;
    if (co) {
        worker->next = NULL;
        if (++worker->next_turns <= NEXT_MAX)
            return co;
        co_queue_push(&worker->ready, co);
    }

    /* Fresh ones and ready ones by turns, so that neither starves. */
    worker->next_turns = 0;
    worker->alternate = !worker->alternate;
    uint32_t fresh = atomic_load_explicit(&worker->fresh.count, memory_order_relaxed);
    if (fresh > 0 && (worker->alternate || !worker->ready.first) && (co = fresh_pop(worker)))
        return co;
    return co_queue_pop(&worker->ready);
}

/* Go to `to`'s stack, or the worker's own if it is NULL; come back when the coroutine is resumed.
 * errno is the thread's: it is kept for the coroutine meanwhile. */
UNSANITIZED static void go(struct worker *worker, struct co *self, struct co *to, bool ends)
{
    self->saved_errno = *worker->errno_of_thread;
    sanitize_release(&runtime); /* for the thread that stops it in the end */
    if (self->pinned)
        sanitize_release(&worker->own);
    if (worker->must_return)
        sanitize_release(&worker->must_return);
    if (to)
        begin(worker, to);
    else
        worker->current = NULL;
    switch_strand(&self->strand, to ? &to->strand : &worker->own, ends);
    worker = worker_self();
    settle(worker);
    *worker->errno_of_thread = self->saved_errno;
    sanitize_acquire(self);
    if (self->pinned)
        sanitize_acquire(&worker->own);
}

/* Leave the running coroutine's stack; the commit is made once that is done. */
UNSANITIZED static void leave(struct worker *worker, struct commit commit, bool ends)
{
    worker->commit = commit;
    sanitize_release(&worker->commit);
    go(worker, commit.co, co_pick(worker), ends);
}

/*
 * A coroutine has ended. If the next one to run is fresh it takes over the stack, warm as it is,
 * and no switch is needed; else NULL. (Under a sanitizer each has a stack and fiber of its own.)
 */
UNSANITIZED static struct co *hand_over(struct worker *worker, struct co *self)
{
    if (SANITIZED || MARKED || runtime.schedule || worker->must_return || worker->next ||
        worker->ready.first)
        return NULL;
    if (--worker->turns_left <= 0)
        return NULL;
    struct co *co = fresh_pop(worker);
    if (!co)
        return NULL;
    co->stack = self->stack;
    set_state(co, CO_RUNNING);
    worker->current = co;
    set_state(self, CO_FREE);
    index_give(&runtime.cos_pool, &worker->cos, (uint32_t)(self - runtime.cos));
    return co;
}

/* The bottom of every coroutine's stack. */
UNSANITIZED static void co_main(void)
{
    struct worker *worker = worker_self();
    struct co *self = worker->current;
    sanitize_arrive(&self->strand.sanitize);
    settle(worker);
    have_a_spare_stack(worker);
    do {
        sanitize_acquire(self);
        if (self->pinned)
            sanitize_acquire(&worker->own);
        self->fn(self->arg);
        worker = worker_self();
        co_tell(SCHEDULE_ENDED, self, NULL, NULL);
        co_count(&worker->ended);
        self = hand_over(worker, self);
    } while (self);
    leave(worker, (struct commit){worker->current, commit_retire, worker, NULL}, true);
}

/* On the worker's own stack: run it until the worker's stack is returned to. */
UNSANITIZED void co_resume(struct worker *worker, struct co *co)
{
    for (;;) {
        begin(worker, co);
        switch_strand(&worker->own, &co->strand, false);
        worker->current = NULL;
        settle(worker);
        struct big_call call = worker->call;
        if (!call.fn)
            return;
        worker->call.fn = NULL;
        sanitize_acquire(&worker->call);
        call.fn(call.arg);
        sanitize_release(&worker->call);
        co = call.co;
    }
}

UNSANITIZED void worker_call(void (*fn)(void *arg), void *arg)
{
    struct worker *worker = worker_self();
    ensure(worker);
    struct co *self = worker->current;
    if (!self) {
        fn(arg);
        return;
    }
    worker->call = (struct big_call){self, fn, arg};
    sanitize_release(&worker->call);
    worker->current = NULL;
    switch_strand(&self->strand, &worker->own, false);
    sanitize_acquire(&worker->call);
}

UNSANITIZED static bool commit_queue(struct co *co, void *arg)
{
    co_queue_push(&((struct worker *)arg)->ready, co);
    return true;
}

/* A coroutine that was woken last does not go before one that was here first: `next` goes last. */
UNSANITIZED void co_yield(void)
{
    struct worker *worker = worker_self();
    struct co *self = worker ? worker->current : NULL;
    ensure(self);
    if (runtime.schedule) {
        schedule_yield(self);
        co_preempt();
        return;
    }
    if (worker->next) {
        co_queue_push(&worker->ready, worker->next);
        worker->next = NULL;
    }
    struct co *to = co_pick(worker);
    if (!to && worker->turns_left > 0 && !worker->must_return)
        return; /* no other coroutine is ready */
    sanitize_release(self);
    set_state(self, CO_IS_READY);
    if (to)
        co_queue_push(&worker->ready, self);
    else
        worker->commit = (struct commit){self, commit_queue, worker, NULL};
    go(worker, self, to, false);
}

UNSANITIZED void co_preempt(void)
{
    struct worker *worker = worker_self();
    struct co *self = worker ? worker->current : NULL;
    if (!self || worker->must_return || runtime.schedule->held)
        return;
    sanitize_release(self);
    set_state(self, CO_IS_READY);
    co_queue_push(&worker->ready, self);
    struct co *to = co_pick(worker);
    if (to == self)
        set_state(self, CO_RUNNING);
    else
        go(worker, self, to, false);
}

UNSANITIZED static struct co *note_parking(struct worker *worker, const char *why)
{
    struct co *self = worker ? worker->current : NULL;
    ensure(self); /* only a coroutine can park, not a callback or a foreign thread */
    int64_t now = atomic_load_explicit(&worker->now_ns, memory_order_relaxed);
    atomic_store_explicit(&self->why, why, memory_order_relaxed);
    atomic_store_explicit(&self->since_ns, now, memory_order_relaxed);
    set_state(self, CO_WAITING);
    return self;
}

UNSANITIZED void co_park(const char *why, bool (*commit)(struct co *co, void *arg), void *arg)
{
    struct worker *worker = worker_self();
    struct co *self = note_parking(worker, why);
    leave(worker, (struct commit){self, commit, arg, NULL}, false);
}

UNSANITIZED void co_park_with(const char *why, struct lock *lock)
{
    struct worker *worker = worker_self();
    struct co *self = note_parking(worker, why);
    sanitize_release(lock); /* ThreadSanitizer does not see the drop itself */
    leave(worker, (struct commit){self, NULL, NULL, lock}, false);
}

/* In a test mode. */
UNSANITIZED static void ready_unusually(struct co *co)
{
    co_tell(SCHEDULE_READIED, co, NULL, NULL);
    if (runtime.migrates && !co->pinned)
        co->worker = &runtime.workers[random_below((uint32_t)runtime.worker_count)];
}

UNSANITIZED void co_ready(struct co *co)
{
    struct worker *worker = worker_self();
    sanitize_release(co);
    set_state(co, CO_IS_READY);
    if (__builtin_expect(runtime.unusual, false))
        ready_unusually(co);
    if (co->worker != worker) {
        worker_post(co->worker, co);
    } else if (!worker->current) {
        co_queue_push(&worker->ready, co);
    } else {
        if (worker->next)
            co_queue_push(&worker->ready, worker->next);
        worker->next = co;
    }
}
