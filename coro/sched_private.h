/* SPDX-License-Identifier: MIT */
/* What the scheduler's files call in each other. For the files of coro/ only. */
#ifndef CORO_SCHED_PRIVATE_H
#define CORO_SCHED_PRIVATE_H

#include "coro/runtime.h"
#include "coro/worker.h"
#include "coro/worker_private.h"

enum {
    CO_NEXT_MAX = 4,         /* turns in a row that `next` may jump the queue */
    CO_TURNS_MAX = 61,       /* switches between coroutines until the scheduler looks around */
    CO_POLL_EVERY_NS = 20000 /* and how often it asks epoll while there is work */
};

/* The worker whose thread this is; NULL on foreign threads. Read each time: a coroutine may go
 * on on another thread after it parked, and the compiler would keep the address of a thread-local
 * variable, or its value, over the switch. So the variable is hidden from it. */
extern _Thread_local struct co_worker *co_worker_of_thread;

static inline struct co_worker *co_worker_self(void)
{
    struct co_worker *self;
#if defined(__x86_64__)
    __asm__ volatile("movq co_worker_of_thread@gottpoff(%%rip), %0\n\t"
                     "movq %%fs:(%0), %0"
                     : "=r"(self));
#else
    uintptr_t thread;
    __asm__ volatile("mrs %1, tpidr_el0\n\t"
                     "adrp %0, :gottprel:co_worker_of_thread\n\t"
                     "ldr %0, [%0, :gottprel_lo12:co_worker_of_thread]\n\t"
                     "ldr %0, [%0, %1]"
                     : "=&r"(self), "=&r"(thread));
#endif
    return self;
}

/* worker.c, and from worker_ring on worker_post.c */
void co_worker_init(struct co_worker *worker, int index);
void co_worker_term(struct co_worker *worker);
void co_worker_loop(struct co_worker *worker);
int64_t co_worker_now_ns(void); /* the coarse clock: when the caller's worker last looked around */
void co_worker_ring(struct co_worker *worker);
void co_worker_post(struct co_worker *worker, struct co *co);
void co_worker_take_posted(struct co_worker *worker, struct co_queue *into); /* the oldest first */
int64_t co_worker_cpu_ns(struct co_worker *worker); /* of its thread; -1: that is not there */
void co_worker_want_watcher(struct co_worker *self);

/* co.c */
struct co *co_make(
    struct co_worker *worker, const struct co_site *site, void (*fn)(void *), void *arg);
void co_resume(struct co_worker *worker, struct co *co);
struct co *co_pick(struct co_worker *worker);
void co_park_with(const char *why, struct co_lock *lock); /* which is dropped once it has left */
bool co_spawn_on(
    struct co_worker *worker, const struct co_site *site, void (*fn)(void *), void *arg);

/* One more, of a counter that only its worker changes. */
CO_UNSANITIZED static inline void co_count(_Atomic uint64_t *counter)
{
    uint64_t n = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, n + 1, memory_order_release);
}

void co_wake_sleeper(void *arg); /* co_sleep.c: what its timer calls */
void co_preempt(void);           /* let the schedule choose again, the caller included */
void co_blocking_stop(void);     /* blocking.c: ends its threads */

CO_UNSANITIZED static inline bool co_is_seeded(void)
{
    return __builtin_expect(co_runtime.schedule != NULL, false);
}

/* co_schedule_point() without a call, where it is passed often. */
CO_UNSANITIZED static inline void co_point(void)
{
    if (co_is_seeded())
        co_preempt();
}

/* reserve.c: descriptors and stacks. Close: for the next run, if `keep` and it is not much. */
CO_MUST_CHECK bool co_reserve_open(const struct co_runtime_options *options);
void co_reserve_close(bool keep);

/* schedule_time.c: the clock of a seeded run */
void co_schedule_time_begin(void);
int64_t co_schedule_time_ns(void); /* as it is */
int64_t co_schedule_now_ns(void);  /* as it is seen: each look takes a moment */
int64_t co_schedule_wall_us(void);
bool co_schedule_skip_time(struct co_worker *worker); /* to the first timer; false: there is none */

/* schedule.c; the last two: schedule_tell.c */
void co_schedule_begin(struct co_schedule *schedule);
void co_schedule_new(struct co *co);
void co_schedule_yield(struct co *co);
struct co *co_schedule_pick(struct co_worker *worker);
uint32_t co_schedule_draw(uint32_t n); /* one of 0 to n - 1: the program's own choice */
uint32_t co_schedule_number_of(const struct co *co);
void co_schedule_tell(
    enum co_schedule_kind kind, const struct co *co, const char *why, const void *on);

/* For the observer of a seeded run (schedule.h); in others a branch. */
CO_UNSANITIZED static inline void co_tell(
    enum co_schedule_kind kind, const struct co *co, const char *why, const void *on)
{
    if (co_is_seeded())
        co_schedule_tell(kind, co, why, on);
}

/* Something more, or less, that can wake a coroutine of this worker from outside. */
CO_UNSANITIZED static inline void co_worker_count_outside(struct co_worker *worker, int change)
{
    atomic_fetch_add_explicit(&worker->outside, change, memory_order_relaxed);
}

/* fresh.c */
void co_fresh_push(struct co_worker *worker, struct co *co);
struct co *co_fresh_pop(struct co_worker *worker);
int64_t co_fresh_watch(struct co_worker *self); /* going to sleep */
bool co_fresh_look(struct co_worker *self);     /* idle */
void co_fresh_stop_watching(struct co_worker *self);

CO_UNSANITIZED static inline int co_worker_sleepers(void)
{
    return (int)(uint32_t)atomic_load(&co_runtime.sleep);
}

/* timer.c */
void co_timer_heap_run(struct co_worker *worker, int64_t now_ns);
void co_timer_heap_term(struct co_worker *worker);

/* poller.c */
bool co_poller_open(struct co_worker *worker); /* in a seeded run when it is first needed */
void co_poller_close(struct co_worker *worker);
void co_poller_poll(struct co_worker *worker, int64_t timeout_ns); /* 0: only look; < 0: no limit */
void co_poller_reset(void);

/* runtime_report.c */
bool co_runtime_report_deadlocked(uint64_t sleep); /* co_runtime.sleep as the caller left it */
void co_runtime_report_deadlock(void);             /* if it returns, the run is stopping */
size_t co_runtime_report_leaks(void);

/* overflow.c */
void co_overflow_install(void);
void co_overflow_thread_init(void);
void co_overflow_thread_term(void);

#endif
