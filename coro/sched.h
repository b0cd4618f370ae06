/* SPDX-License-Identifier: MIT */
/*
 * Inside the scheduler: the whole of its state. Who may touch what is said beside each field.
 * For the files of coro/ only.
 */
#ifndef CORO_SCHED_H
#define CORO_SCHED_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "coro/co.h"
#include "coro/index_pool.h"
#include "coro/lock.h"
#include "coro/runtime.h"
#include "coro/sanitize.h"
#include "coro/schedule.h"
#include "coro/stack.h"
#include "coro/timer.h"
#include "coro/worker.h"

enum {
    WORKERS_MAX = 64,
    EVENTS_MAX = 64,      /* taken from epoll at once */
    NEXT_MAX = 4,         /* turns in a row that `next` may jump the queue */
    TURNS_MAX = 61,       /* switches between coroutines until the scheduler looks around */
    POLL_EVERY_NS = 20000 /* and how often it asks epoll while there is work */
};

/* A stack that can be left and come back to. */
struct strand {
    void *sp; /* while it is left */
    struct sanitize sanitize;
};

enum co_state { CO_FREE, CO_FRESH, CO_IS_READY, CO_RUNNING, CO_WAITING };

/*
 *   FREE -> FRESH (spawn) -> RUNNING (begin) -> WAITING (park) -> READY (co_ready) -> RUNNING ...
 *                            RUNNING -> READY (yield)     RUNNING -> FREE (retire)
 * Written by the worker it is on, except FRESH, of which a thief may become the worker, and
 * WAITING -> READY. The atomic fields are what a report from another thread reads.
 */
struct co {
    /* What a switch and a wake touch: one cache line. */
    _Alignas(128) struct strand strand;
    struct co *link; /* in the one queue it is in */
    struct worker *worker;
    uint32_t stack; /* INDEX_NONE until it first runs */
    int saved_errno;
    _Atomic int state;
    bool pinned;               /* never moved, not even by forced migration */
    _Atomic(const char *) why; /* it waits */
    _Atomic int64_t since_ns;  /* it waits; by the worker's coarse clock */
    /* The rest. */
    void (*fn)(void *arg);
    void *arg;
    _Atomic(const struct co_site *) site;
    _Atomic uint64_t id;
    uint64_t priority;     /* in a seeded run */
    uint32_t kept_stack_1; /* under ThreadSanitizer: 1 + the stack of this descriptor */
};

struct co_queue {
    struct co *first, *last;
};

/* What a coroutine wants done once it has left its stack: fn called, or a lock dropped. */
struct commit {
    struct co *co; /* NULL: nothing */
    bool (*fn)(struct co *co, void *arg);
    void *arg;
    struct lock *lock;
};

/* A call that a coroutine wants made on the worker's own stack. */
struct big_call {
    struct co *co;
    void (*fn)(void *arg);
    void *arg;
};

struct timer_slot {
    int64_t at_ns;
    struct timer *timer;
};

struct timer_heap {
    struct lock lock;
    struct timer_slot *slots;
    uint32_t count, room;
    _Atomic int64_t due_ns;          /* of the first; INT64_MAX: none */
    _Atomic(struct timer *) running; /* whose fn is being called */
};

struct fresh_queue { /* coroutines that never ran: any worker may take them */
    struct lock lock;
    struct co_queue queue;
    _Atomic uint32_t count;
    _Atomic uint32_t taken; /* by its owner, ever: how fast it drains */
};

struct worker {
    /* its own thread only */
    struct co *current; /* NULL: on its own stack */
    int *errno_of_thread;
    struct strand own; /* its own stack: scheduler, callbacks, big calls */
    struct strand committer;
    struct commit commit;
    struct big_call call;
    struct co *next; /* runs before the queue */
    struct co_queue ready;
    int next_turns, turns_left;
    bool alternate, must_return; /* co_start_now: the next switch goes to the own stack */
    struct co *retired;          /* the last coroutine that ended */
    struct index_cache cos, stacks;
    uint32_t spare_stack;
    uint64_t last_id, random;
    int64_t polled_ns;
    int epoll, doorbell;
    struct epoll_event events[EVENTS_MAX];
    int event_count, event_at;
    uint32_t look_taken[WORKERS_MAX]; /* as the watcher: what it saw last time */
    int64_t look_every_ns, look_at_ns;
    bool watching;
    /* read by others */
    int index;
    pthread_t thread;
    _Atomic int64_t now_ns; /* coarse clock: when it last looked */
    _Atomic uint64_t spawned, ended;
    _Atomic int outside; /* watches, descriptor waits and blocking calls: things that can wake */
    /* written by others */
    struct fresh_queue fresh;
    struct timer_heap timers;
    _Alignas(64) _Atomic(struct co *) inbox; /* wakes from other threads, last first */
    _Atomic int asleep;                      /* 1: ring the doorbell after posting */
};

#define SLEEP_TURN (UINT64_C(1) << 32)

struct runtime {
    struct worker *workers;
    int worker_count;
    bool migrates;             /* test mode: a woken coroutine goes on on any worker */
    struct schedule *schedule; /* of a seeded run */
    struct co *cos;            /* all descriptors; those below cos_pool.used have been used */
    struct index_pool cos_pool;
    struct stack_area stacks;
    void (*main)(void *arg);
    void *main_arg;
    uint64_t id_base; /* ids of earlier runs are below */
    /* Written while it runs, so apart from what is only read then. */
    _Alignas(64) _Atomic uint64_t sleep; /* workers that are asleep, plus SLEEP_TURN for each time
                                            that one went to sleep */
    _Atomic int watcher;                 /* 1 + the one that looks after the busy ones; 0: none */
    _Atomic bool stopping;
};

extern struct runtime runtime;

/* The worker whose thread this is; NULL on foreign threads. Read anew each time: a coroutine may go
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
void worker_ring(struct worker *worker);
void worker_post(struct worker *worker, struct co *co);
void worker_want_watcher(struct worker *self);
int64_t worker_now_ns(void); /* the coarse clock: when the caller's worker last looked around */

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

void co_wake_sleeper(void *arg); /* what the timer of co_sleep() calls */
void co_preempt(void);           /* let the schedule choose again, the caller included */

/* schedule_point() without a call, where it is passed often. */
UNSANITIZED static inline void co_point(void)
{
    if (runtime.schedule)
        co_preempt();
}

/* schedule.c */
void schedule_begin(struct schedule *schedule);
int64_t schedule_now_ns(void);
int64_t schedule_wall_us(void);
bool schedule_skip_time(struct worker *worker); /* to the first timer; false: there is none */
void schedule_new(struct co *co);
void schedule_fall_back(struct co *co);
struct co *schedule_pick(struct worker *worker);

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
bool poller_open(struct worker *worker);
void poller_close(struct worker *worker);
void poller_poll(struct worker *worker, int64_t timeout_ns); /* 0: only look; < 0: no limit */
void poller_reset(void);

/* report.c */
bool report_deadlocked(uint64_t sleep); /* runtime.sleep as the caller left it */
void report_deadlock(void);             /* returns only in a seeded run, which is stopping then */
size_t report_leaks(void);
/* As dprintf(), but without malloc, so for a signal handler, too. Up to 400 bytes. */
__attribute__((format(printf, 2, 3))) void report_say(int fd, const char *format, ...);

/* overflow.c */
void overflow_install(void);
void overflow_thread_init(void);
void overflow_thread_term(void);

/* blocking.c */
void blocking_stop(void);

UNSANITIZED static inline void co_queue_push(struct co_queue *queue, struct co *co)
{
    co->link = NULL;
    *(queue->first ? &queue->last->link : &queue->first) = co;
    queue->last = co;
}

UNSANITIZED static inline struct co *co_queue_pop(struct co_queue *queue)
{
    struct co *co = queue->first;
    if (co)
        queue->first = co->link;
    return co;
}

#endif
