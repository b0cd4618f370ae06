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

#include "coro/clock.h"
#include "coro/sched.h"
#include "coro/switch.h"

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

/* First thing after a switch: do what the one who left wanted done. */
UNSANITIZED static void settle(struct worker *worker)
{
    struct commit commit = worker->commit;
    if (!commit.co)
        return;
    worker->commit.co = NULL;
    if (commit.lock) {
        lock_drop_unseen(commit.lock);
        return;
    }
    struct strand *self = worker->current ? &worker->current->strand : &worker->own;
    sanitize_speak_as(&worker->committer.sanitize);
    sanitize_acquire(&worker->commit);
    bool parked = commit.fn(commit.co, commit.arg);
    if (!parked)
        sanitize_release(commit.co);
    sanitize_release(&runtime);
    sanitize_speak_as(&self->sanitize);
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

/* More coroutines are about to start. They may do so while the one who parks holds a lock until its
 * commit: so have the guard page made and the first page touched now, when nobody waits for it. */
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

UNSANITIZED static void count_one(_Atomic uint64_t *counter)
{
    uint64_t n = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, n + 1, memory_order_release);
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
    if (worker->must_return || --worker->turns_left <= 0)
        return NULL;
    struct co *co = worker->next;
    if (co) {
        worker->next = NULL;
        if (++worker->next_turns <= NEXT_MAX)
            return co;
        co_queue_push(&worker->ready, co);
    }
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
    sanitize_release(&runtime); /* for who stops it in the end */
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
    if (SANITIZED || worker->must_return || worker->next || worker->ready.first)
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
        self->fn(self->arg);
        worker = worker_self();
        count_one(&worker->ended);
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

UNSANITIZED struct co *co_make(
    struct worker *worker, const struct co_site *site, void (*fn)(void *), void *arg)
{
    uint32_t index = index_take(&runtime.cos_pool, &worker->cos);
    if (index == INDEX_NONE)
        return NULL;
    struct co *co = &runtime.cos[index];
    co->worker = worker;
    co->stack = INDEX_NONE;
    co->fn = fn;
    co->arg = arg;
    worker->last_id += (uint64_t)runtime.worker_count;
    atomic_store_explicit(&co->id, worker->last_id, memory_order_relaxed);
    atomic_store_explicit(&co->site, site, memory_order_relaxed);
    set_state(co, CO_FRESH);
    sanitize_release(co);
    count_one(&worker->spawned);
    return co;
}

UNSANITIZED bool co_spawn_at(const struct co_site *site, void (*fn)(void *), void *arg)
{
    struct worker *worker = worker_self();
    ensure(worker);
    struct co *co = co_make(worker, site, fn, arg);
    if (co)
        fresh_push(worker, co);
    return co != NULL;
}

UNSANITIZED bool co_spawn_local_at(const struct co_site *site, void (*fn)(void *), void *arg)
{
    struct worker *worker = worker_self();
    ensure(worker);
    struct co *co = co_make(worker, site, fn, arg);
    if (co)
        co_queue_push(&worker->ready, co);
    return co != NULL;
}

UNSANITIZED bool co_spawn_on(
    struct worker *worker, const struct co_site *site, void (*fn)(void *), void *arg)
{
    struct worker *self = worker_self();
    if (worker == self)
        return co_spawn_local_at(site, fn, arg);
    struct co *co = co_make(self, site, fn, arg);
    if (!co)
        return false;
    co->worker = worker;
    worker_post(worker, co);
    return true;
}

UNSANITIZED enum co_started co_start_now_at(
    const struct co_site *site, void (*fn)(void *), void *arg)
{
    struct worker *worker = worker_self();
    ensure(worker && !worker->current); /* only from a callback on the worker's own stack */
    struct co *co = co_make(worker, site, fn, arg);
    if (!co)
        return CO_REFUSED;
    bool must_return = worker->must_return;
    worker->must_return = true;
    worker->retired = NULL;
    co_resume(worker, co);
    sanitize_acquire(&worker->must_return);
    worker->must_return = must_return;
    return worker->retired == co ? CO_FINISHED : CO_PARKED;
}

UNSANITIZED struct co *co_current(void)
{
    struct worker *worker = worker_self();
    return worker ? worker->current : NULL;
}

UNSANITIZED const char *co_name(const struct co *co)
{
    return co ? atomic_load_explicit(&co->site, memory_order_relaxed)->name : "-";
}

UNSANITIZED uint64_t co_id(const struct co *co)
{
    return co ? atomic_load_explicit(&co->id, memory_order_relaxed) : 0;
}

UNSANITIZED static bool commit_queue(struct co *co, void *arg)
{
    co_queue_push(&((struct worker *)arg)->ready, co);
    return true;
}

/* Who was woken last has no precedence over who was here first: `next` goes to the end, too. */
UNSANITIZED void co_yield(void)
{
    struct worker *worker = worker_self();
    struct co *self = worker ? worker->current : NULL;
    ensure(self);
    if (worker->next) {
        co_queue_push(&worker->ready, worker->next);
        worker->next = NULL;
    }
    struct co *to = co_pick(worker);
    if (!to && worker->turns_left > 0 && !worker->must_return)
        return; /* nobody else wants to run */
    sanitize_release(self);
    set_state(self, CO_IS_READY);
    if (to)
        co_queue_push(&worker->ready, self);
    else
        worker->commit = (struct commit){self, commit_queue, worker, NULL};
    go(worker, self, to, false);
}

UNSANITIZED static struct co *note_parking(struct worker *worker, const char *why)
{
    struct co *self = worker ? worker->current : NULL;
    ensure(self); /* only a coroutine can park, no callback and no foreign thread */
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

UNSANITIZED void co_ready(struct co *co)
{
    struct worker *worker = worker_self();
    sanitize_release(co);
    set_state(co, CO_IS_READY);
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

UNSANITIZED static void wake_sleeper(void *arg)
{
    co_ready(arg);
}

static bool commit_sleep(struct co *co, void *arg)
{
    (void)co, (void)arg;
    return true;
}

void co_sleep(int64_t ns)
{
    if (ns <= 0) {
        co_yield();
        return;
    }
    struct timer timer = {0};
    timer_start(&timer, clock_now_ns() + ns, wake_sleeper, co_current());
    co_park("sleep", commit_sleep, NULL); /* the timer fires on this worker, so not before */
}
