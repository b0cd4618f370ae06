/* SPDX-License-Identifier: MIT */
/*
 * All that changes while the runtime runs. Each field says which threads may touch it. For the
 * files of coro/ only.
 */
#ifndef CORO_WORKER_PRIVATE_H
#define CORO_WORKER_PRIVATE_H

#include <pthread.h>

#include "coro/co_private.h"
#include "coro/index_pool_private.h"
#include "coro/lock.h"
#include "coro/schedule.h"
#include "coro/stack_private.h"
#include "coro/timer.h"

enum { CO_WORKERS_MAX = 64 };

/* What a coroutine wants done once it has left its stack: fn called, or a lock dropped. */
struct co_commit {
    struct co *co; /* NULL: nothing */
    bool (*fn)(struct co *co, void *arg);
    void *arg;
    struct co_lock *lock;
};

/* A call that a coroutine wants made on the worker's own stack. */
struct co_big_call {
    struct co *co;
    void (*fn)(void *arg);
    void *arg;
};

struct co_timer_slot {
    int64_t at_ns;
    struct co_timer *timer;
};

struct co_timer_heap {
    struct co_lock lock;
    struct co_timer_slot *slots;
    uint32_t count, room;
    struct co_timer *spilled;           /* for which no room could be made */
    _Atomic int64_t due_ns;             /* of the first; INT64_MAX: none */
    _Atomic(struct co_timer *) running; /* whose fn is being called */
};

struct co_fresh_queue { /* coroutines that never ran: any worker may take them */
    struct co_lock lock;
    struct co_queue queue;
    _Atomic uint32_t count;
    _Atomic uint32_t taken; /* by its owner, ever: how fast it drains */
};

struct co_trace_ring;

struct co_worker {
    /* its own thread only */
    struct co *current;                    /* NULL: on its own stack */
    _Atomic(struct co_trace_ring *) trace; /* written by others; NULL: nothing is recorded */
    int *errno_of_thread;
    struct co_strand own; /* its own stack: scheduler, callbacks, big calls */
    struct co_strand committer;
    struct co_commit commit;
    struct co_big_call call;
    struct co *next; /* runs before the queue */
    struct co_queue ready;
    int next_turns, turns_left;
    int reached_left;            /* awaits that need not park, until one yields (eventcount.c) */
    bool alternate, must_return; /* co_start_now: the next switch goes to the own stack */
    struct co *retired;          /* the last coroutine that ended */
    struct co_index_cache cos, stacks;
    uint32_t spare_stack;
    uint64_t last_id, random;
    int64_t polled_ns;
    int epoll, doorbell;
    struct co_poller_batch *batch;       /* of events */
    uint32_t look_taken[CO_WORKERS_MAX]; /* as the watcher: what it saw last time */
    struct co_busy_look { /* the same, for moving.c: when it had last looked around, and its */
        int64_t looked_ns, cpu_ns; /* processor time then */
    } look_busy[CO_WORKERS_MAX];
    int64_t look_every_ns, look_at_ns;
    bool watching;
    /* read by others */
    int index;
    pthread_t thread;
    _Atomic uint64_t beats; /* turns of its loop, events and timers that it has handled */
    _Atomic bool waits;     /* in epoll */
    _Atomic int thread_id;  /* the system's; 0: it has not begun */
    _Atomic int64_t now_ns; /* coarse clock: when it last looked */
    _Atomic uint64_t spawned, ended;
    _Atomic int cpu_clock;  /* of its thread; set before thread_id */
    _Atomic bool in_queues; /* it touches next and ready, or the stack of one in them */
    _Atomic int outside;    /* watches, descriptor waits and blocking calls: things that can wake */
    /* written by others */
    _Atomic bool barred; /* from next and ready: another one is taking some */
    struct co_fresh_queue fresh;
    struct co_timer_heap timers;
    _Alignas(64) _Atomic(struct co *) inbox; /* wakes from other threads, last first */
    _Atomic int asleep;                      /* 1: ring the doorbell after posting */
};

#define CO_SLEEP_TURN (UINT64_C(1) << 32)

struct co_runtime {
    struct co_worker *workers;
    int worker_count;
    bool capped;                  /* fewer coroutines than was asked for: ThreadSanitizer's limit */
    bool migrates;                /* test mode: a woken coroutine goes on on any worker */
    bool unusual;                 /* it migrates, or is a seeded run */
    bool moves;                   /* ready coroutines may be taken from a busy worker (moving.c) */
    struct co_schedule *schedule; /* of a seeded run */
    struct co *cos;               /* all descriptors; those below cos_pool.used have been used */
    struct co_index_pool cos_pool;
    struct co_stack_area stacks;
    void (*main)(void *arg);
    void *main_arg;
    uint64_t id_base; /* ids of earlier runs are below */
    /* Written while it runs, so apart from what is only read then. */
    _Alignas(
        64) _Atomic uint64_t sleep; /* workers that are asleep, plus CO_SLEEP_TURN for each time
                                            that one went to sleep */
    _Atomic int watcher;            /* 1 + the worker that watches the busy ones; 0: none */
    _Atomic bool stopping;
    bool *deadlocked; /* of the options; written by the worker that finds it so */
};

extern struct co_runtime co_runtime;

#endif
