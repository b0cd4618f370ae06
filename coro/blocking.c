/* SPDX-License-Identifier: MIT */
/*
 * Threads are started when a call finds none idle, up to THREADS_MAX, and stay until the runtime
 * stops. The queue is bounded by the number of coroutines, one of which waits for each job.
 */
#include "coro/blocking.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "coro/co.h"
#include "coro/sched_private.h"
#include "coro/trace_events_private.h"

enum { THREADS_MAX = 16 };

struct job {
    struct job *next;
    void (*fn)(void *arg);
    void *arg;
    struct co *co;
    bool refused; /* as add_job() says */
};

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t more;
    struct job *first, *last; /* the rest: under mutex */
    int threads, idle;
    bool stopping;
    pthread_t thread[THREADS_MAX];
} pool = {.mutex = PTHREAD_MUTEX_INITIALIZER, .more = PTHREAD_COND_INITIALIZER};

static struct job *take_job(void)
{
    pthread_mutex_lock(&pool.mutex);
    pool.idle++;
    while (!pool.first && !pool.stopping)
        pthread_cond_wait(&pool.more, &pool.mutex);
    pool.idle--;
    struct job *job = pool.first;
    if (job)
        pool.first = job->next;
    pthread_mutex_unlock(&pool.mutex);
    return job;
}

static void *thread_main(void *arg)
{
    uint64_t number = (uint64_t)(uintptr_t)arg;
    for (struct job *job; (job = take_job());) {
        co_trace_anywhere(NULL, CO_TRACE_CALL, job->co, number);
        job->fn(job->arg);
        co_trace_anywhere(NULL, CO_TRACE_CALLED, job->co, number);
        co_ready(job->co); /* the job's memory is that coroutine's: not touched after this */
    }
    return NULL;
}

/* With the pool's mutex held. False: there is no thread, and the system gives us none. */
static bool add_job(struct job *job)
{
    if (pool.idle > 0)
        pthread_cond_signal(&pool.more);
    else if (pool.threads < THREADS_MAX && pthread_create(&pool.thread[pool.threads], NULL,
                                               thread_main, (void *)(uintptr_t)pool.threads) == 0)
        pool.threads++;
    if (pool.threads == 0)
        return false;
    *(pool.first ? &pool.last->next : &pool.first) = job;
    pool.last = job;
    return true;
}

static bool commit_job(struct co *co, void *arg)
{
    (void)co;
    struct job *job = arg;
    pthread_mutex_lock(&pool.mutex);
    job->refused = !add_job(job);
    bool queued = !job->refused;
    pthread_mutex_unlock(&pool.mutex);
    return queued; /* from here on the job may be gone */
}

void co_blocking_call(void (*fn)(void *arg), void *arg)
{
    struct job job = {.fn = fn, .arg = arg, .co = co_current()};
    struct co_worker *worker = co_worker_self();
    if (!co_poller_open(worker)) { /* in a seeded run: without it, nobody can ring */
        co_worker_call(fn, arg);
        return;
    }
    co_worker_count_outside(worker, 1);
    co_park("blocking call", commit_job, &job);
    co_worker_count_outside(worker, -1);
    if (job.refused)
        co_worker_call(fn, arg); /* better that this worker waits than that nobody goes on */
}

void co_blocking_stop(void)
{
    pthread_mutex_lock(&pool.mutex);
    pool.stopping = true;
    pthread_cond_broadcast(&pool.more);
    pthread_mutex_unlock(&pool.mutex);
    for (int i = 0; i < pool.threads; i++)
        pthread_join(pool.thread[i], NULL);
    pool.threads = 0;
    pool.stopping = false;
}
