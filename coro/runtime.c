/* SPDX-License-Identifier: MIT */
/* Start and stop. The calling thread is worker 0. */
#include "coro/runtime.h"

#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "coro/clock.h"
#include "coro/processors.h"
#include "coro/sched_private.h"

enum { CACHE_SHARE = 8 };

/* A worker may keep a share of the free numbers to itself, but only a small one. */
static uint32_t cache_limit(const struct index_pool *pool)
{
    uint32_t limit = pool->capacity / (uint32_t)(CACHE_SHARE * runtime.worker_count);
    return limit < 1 ? 1 : limit > INDEX_CACHE ? INDEX_CACHE : limit;
}

static void start(const struct runtime_options *options)
{
    int count = options->schedule      ? 1
                : options->workers > 0 ? options->workers
                                       : processors_available();
    runtime.worker_count = count > WORKERS_MAX ? WORKERS_MAX : count;
    reserve_open(options);
    runtime.workers = aligned_alloc(64, (size_t)runtime.worker_count * sizeof *runtime.workers);
    ensure(runtime.workers);
    memset(runtime.workers, 0, (size_t)runtime.worker_count * sizeof *runtime.workers);
    for (int i = 0; i < runtime.worker_count; i++) {
        struct worker *worker = &runtime.workers[i];
        ensure(worker_init(worker, i) && (options->schedule || poller_open(worker)));
        worker->cos.limit = cache_limit(&runtime.cos_pool);
        worker->stacks.limit = INDEX_CACHE;
    }
    runtime.migrates = !options->schedule && (options->migrate || getenv("CORO_MIGRATE"));
    overflow_install();
    if (getenv("CORO_DUMP"))
        runtime_dump_on_quit();
}

/* No worker runs any more. */
static void stop(void)
{
    for (int i = 0; i < runtime.worker_count; i++) {
        struct worker *worker = &runtime.workers[i];
        if (worker->last_id > runtime.id_base)
            runtime.id_base = worker->last_id;
        worker_term(worker);
    }
    for (uint32_t i = 0; i < runtime.cos_pool.used; i++)
        sanitize_fiber_free(&runtime.cos[i].strand.sanitize);
    reserve_close(runtime.schedule != NULL);
    free(runtime.workers);
    runtime.workers = NULL;
    poller_reset();
}

static void *worker_main(void *arg)
{
    worker_loop(arg);
    return NULL;
}

static void first_main(void *arg)
{
    (void)arg;
    runtime.main(runtime.main_arg);
    atomic_store(&runtime.stopping, true);
    for (int i = 0; i < runtime.worker_count; i++)
        if (&runtime.workers[i] != worker_self()) /* that one is awake */
            worker_ring(&runtime.workers[i]);
    sanitize_release(&runtime);
}

/* CORO_SEED=N in the environment makes a seeded run of any program. */
static struct schedule *schedule_of_environment(void)
{
    static struct schedule schedule;
    const char *seed = getenv("CORO_SEED");
    if (!seed)
        return NULL;
    schedule = (struct schedule){.seed = strtoull(seed, NULL, 0)};
    schedule.strategy = schedule.seed % 2 ? SCHEDULE_RANDOM : SCHEDULE_PCT;
    schedule.depth = 1 + (int)(schedule.seed % 3);
    return &schedule;
}

size_t runtime_run(const struct runtime_options *options, void (*main)(void *), void *arg)
{
    struct runtime_options with = options ? *options : (struct runtime_options){0};
    if (!with.schedule)
        with.schedule = schedule_of_environment();
    ensure(!runtime.workers); /* one at a time */
    start(&with);
    runtime.schedule = with.schedule;
    schedule_seeded = with.schedule != NULL;
    runtime.unusual = runtime.migrates || schedule_seeded;
    if (runtime.schedule)
        schedule_begin(runtime.schedule);

    runtime.main = main;
    runtime.main_arg = arg;
    runtime.deadlocked = with.deadlocked;
    if (with.deadlocked)
        *with.deadlocked = false;
    atomic_store(&runtime.stopping, false);
    atomic_store(&runtime.sleep, 0);
    atomic_store(&runtime.watcher, 0);

    /* The first coroutine stays on this thread, which is worker 0. */
    struct worker *own = &runtime.workers[0];
    struct co *first = co_make(own, CO_SITE("main"), first_main, NULL);
    ensure(first);
    first->pinned = true;
    co_queue_push(&own->ready, first);
    for (int i = 1; i < runtime.worker_count; i++)
        ensure(pthread_create(&runtime.workers[i].thread, NULL, worker_main, &runtime.workers[i]) ==
               0);

    /* Until main has returned; the reports are made when no worker runs any more. */
    worker_loop(own);
    for (int i = 1; i < runtime.worker_count; i++)
        pthread_join(runtime.workers[i].thread, NULL);
    blocking_stop();
    sanitize_acquire(&runtime);
    size_t leaks = runtime_report_leaks();
    stop();
    runtime.schedule = NULL;
    schedule_seeded = false;
    return leaks;
}
