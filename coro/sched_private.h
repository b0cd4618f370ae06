/* SPDX-License-Identifier: MIT */
/* Inside the scheduler: what its files call in each other. For the files of coro/ only. */
#ifndef CORO_SCHED_PRIVATE_H
#define CORO_SCHED_PRIVATE_H

#include "coro/runtime.h"
#include "coro/worker.h"
#include "coro/worker_private.h"

enum {
    NEXT_MAX = 4,         /* turns in a row that `next` may jump the queue */
    TURNS_MAX = 61,       /* switches between coroutines until the scheduler looks around */
    POLL_EVERY_NS = 20000 /* and how often it asks epoll while there is work */
};

/* The worker whose thread this is; NULL on foreign threads. Read each time: a coroutine may go
 * on on another thread after it parked, and the compiler would keep the address of a thread-local
 * variable, or its value, over the switch. So the variable is hidden from it. */
extern _Thread_local struct worker *worker_of_thread;

static inline struct worker *worker_self(void)
{
    struct worker *self;
#if defined(__x86_64__)
    __asm__ volatile("movq worker_of_thread@gottpoff(%%rip), %0\n\t"
                     "movq %%fs:(%0), %0"
                     : "=r"(self));
#else
    uintptr_t thread;
    __asm__ volatile("mrs %1, tpidr_el0\n\t"
                     "adrp %0, :gottprel:worker_of_thread\n\t"
                     "ldr %0, [%0, :gottprel_lo12:worker_of_thread]\n\t"
                     "ldr %0, [%0, %1]"
                     : "=&r"(self), "=&r"(thread));
#endif
    return self;
}

/* worker.c */
bool worker_init(struct worker *worker, int index);
void worker_term(struct worker *worker);
void worker_loop(struct worker *worker);
int64_t worker_now_ns(void); /* the coarse clock: when the caller's worker last looked around */

/* worker_post.c */
void worker_ring(struct worker *worker);
void worker_post(struct worker *worker, struct co *co);
void worker_want_watcher(struct worker *self);

/* co.c */
struct co *co_make(
    struct worker *worker, const struct co_site *site, void (*fn)(void *), void *arg);
void co_resume(struct worker *worker, struct co *co);
struct co *co_pick(struct worker *worker);
void co_park_with(const char *why, struct lock *lock); /* which is dropped once it has left */
bool co_spawn_on(struct worker *worker, const struct co_site *site, void (*fn)(void *), void *arg);

/* One more, of a counter that only its worker changes. */
UNSANITIZED static inline void co_count(_Atomic uint64_t *counter)
{
    uint64_t n = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, n + 1, memory_order_release);
}

void co_wake_sleeper(void *arg); /* co_sleep.c: what its timer calls */
void co_preempt(void);           /* let the schedule choose again, the caller included */

UNSANITIZED static inline bool co_is_seeded(void)
{
    return __builtin_expect(runtime.schedule != NULL, false);
}

/* schedule_point() without a call, where it is passed often. */
UNSANITIZED static inline void co_point(void)
{
    if (co_is_seeded())
        co_preempt();
}

/* reserve.c: for descriptors and stacks. Close: for the next run, if `keep` and it is not much. */
void reserve_open(const struct runtime_options *options);
void reserve_close(bool keep);

/* schedule_time.c: the clock of a seeded run */
void schedule_time_begin(void);
int64_t schedule_time_ns(void); /* as it is */
int64_t schedule_now_ns(void);  /* as it is seen: each look takes a moment */
int64_t schedule_wall_us(void);
bool schedule_skip_time(struct worker *worker); /* to the first timer; false: there is none */

/* schedule.c */
void schedule_begin(struct schedule *schedule);
void schedule_new(struct co *co);
void schedule_yield(struct co *co);
struct co *schedule_pick(struct worker *worker);
uint32_t schedule_draw(uint32_t n); /* one of 0 to n - 1: the program's own choice */

/* schedule_tell.c */
uint32_t schedule_number_of(const struct co *co);
void schedule_tell(enum schedule_kind kind, const struct co *co, const char *why, const void *on);

/* For the observer of a seeded run (schedule.h); in others a branch. */
UNSANITIZED static inline void co_tell(
    enum schedule_kind kind, const struct co *co, const char *why, const void *on)
{
    if (co_is_seeded())
        schedule_tell(kind, co, why, on);
}

/* Something more, or less, that can wake a coroutine of this worker from outside. */
UNSANITIZED static inline void worker_count_outside(struct worker *worker, int change)
{
    atomic_fetch_add_explicit(&worker->outside, change, memory_order_relaxed);
}

/* fresh.c */
void fresh_push(struct worker *worker, struct co *co);
struct co *fresh_pop(struct worker *worker);
int64_t fresh_watch(struct worker *self); /* going to sleep */
bool fresh_look(struct worker *self);     /* idle */

UNSANITIZED static inline int worker_sleepers(void)
{
    return (int)(uint32_t)atomic_load(&runtime.sleep);
}

/* timer.c */
void timer_heap_run(struct worker *worker, int64_t now_ns);
void timer_heap_term(struct worker *worker);

/* poller.c */
bool poller_open(struct worker *worker); /* in a seeded run when it is first needed */
void poller_close(struct worker *worker);
void poller_poll(struct worker *worker, int64_t timeout_ns); /* 0: only look; < 0: no limit */
void poller_reset(void);

/* runtime_report.c */
bool runtime_report_deadlocked(uint64_t sleep); /* runtime.sleep as the caller left it */
void runtime_report_deadlock(void);             /* if it returns, the run is stopping */
size_t runtime_report_leaks(void);

/* overflow.c */
void overflow_install(void);
void overflow_thread_init(void);
void overflow_thread_term(void);

/* blocking.c */
void blocking_stop(void);

#endif
