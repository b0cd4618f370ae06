/* SPDX-License-Identifier: MIT */
/* Start and stop. The calling thread is worker 0. */
#include "coro/runtime.h"

#include <errno.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "coro/clock.h"
#include "coro/moving_private.h"
#include "coro/processors.h"
#include "coro/say.h"
#include "coro/sched_private.h"
#include "coro/trace_events_private.h"
#include "coro/watchdog_private.h"

enum { CACHE_SHARE = 8 };

/* A worker may keep a share of the free numbers to itself, but only a small one. */
static uint32_t cache_limit(const struct co_index_pool *pool)
{
    uint32_t limit = pool->capacity / (uint32_t)(CACHE_SHARE * co_runtime.worker_count);
    return limit < 1 ? 1 : limit > CO_INDEX_CACHE ? CO_INDEX_CACHE : limit;
}

/* False: not all; errno says why. */
static bool make_workers(const struct co_runtime_options *options)
{
    int count = options->schedule      ? 1
                : options->workers > 0 ? options->workers
                                       : co_processors_available();
    co_runtime.worker_count = count > CO_WORKERS_MAX ? CO_WORKERS_MAX : count;
    if (!co_reserve_open(options))
        return false;
    co_runtime.workers =
        aligned_alloc(64, (size_t)co_runtime.worker_count * sizeof *co_runtime.workers);
    if (!co_runtime.workers) {
        co_reserve_close(false);
        return false;
    }
    memset(co_runtime.workers, 0, (size_t)co_runtime.worker_count * sizeof *co_runtime.workers);
    bool opened = true;
    for (int i = 0; i < co_runtime.worker_count; i++) {
        struct co_worker *worker = &co_runtime.workers[i];
        co_worker_init(worker, i);
        opened = opened && (options->schedule || co_poller_open(worker));
        worker->cos.limit = cache_limit(&co_runtime.cos_pool);
        worker->stacks.limit = CO_INDEX_CACHE;
    }
    return opened;
}

static void settle_options(const struct co_runtime_options *options)
{
    co_runtime.migrates = !options->schedule && (options->migrate || getenv("CORO_MIGRATE"));
    co_runtime.moves = !options->schedule && co_runtime.worker_count > 1 &&
                       (options->move_started || getenv("CORO_MOVE")) && co_moving_init();
    co_overflow_install();
    co_trace_begin();
    if (getenv("CORO_DUMP"))
        co_runtime_dump_on_quit();
}

/* No worker runs any more. */
static void stop(void)
{
    for (int i = 0; i < co_runtime.worker_count; i++) {
        struct co_worker *worker = &co_runtime.workers[i];
        if (worker->last_id > co_runtime.id_base)
            co_runtime.id_base = worker->last_id;
        co_worker_term(worker);
    }
    for (uint32_t i = 0; i < co_runtime.cos_pool.used; i++)
        co_sanitize_fiber_free(&co_runtime.cos[i].strand.sanitize);
    co_reserve_close(co_runtime.schedule != NULL);
    co_trace_term();
    free(co_runtime.workers);
    co_runtime.workers = NULL;
    co_poller_reset();
}

/* All but the caller, which is awake. */
static void end_workers(void)
{
    atomic_store(&co_runtime.stopping, true);
    for (int i = 0; i < co_runtime.worker_count; i++)
        if (&co_runtime.workers[i] != co_worker_self())
            co_worker_ring(&co_runtime.workers[i]);
}

static void first_main(void *arg)
{
    (void)arg;
    co_runtime.main(co_runtime.main_arg);
    end_workers();
    co_sanitize_release(&co_runtime);
}

static void *worker_main(void *arg)
{
    co_worker_loop(arg);
    return NULL;
}

static void join_threads(int count)
{
    for (int i = 1; i < count; i++)
        pthread_join(co_runtime.workers[i].thread, NULL);
}

/* One for each worker but the first, whose thread is the caller's. False: not all, so none. */
static bool start_threads(void)
{
    for (int i = 1; i < co_runtime.worker_count; i++) {
        struct co_worker *worker = &co_runtime.workers[i];
        errno = pthread_create(&worker->thread, NULL, worker_main, worker);
        if (errno == 0)
            continue;
        int error = errno;
        end_workers();
        join_threads(i);
        errno = error;
        return false;
    }
    return true;
}

/* What was made for the run is given back. */
static size_t not_started(void)
{
    int error = errno;
    if (co_runtime.workers)
        stop();
    co_runtime.schedule = NULL;
    co_schedule_seeded = false;
    co_say_line(STDERR_FILENO, "the coroutines cannot be started: %s\n", strerror(error));
    errno = error;
    return CO_RUNTIME_NOT_STARTED;
}

/* CORO_SEED=N in the environment makes a seeded run of any program. */
static struct co_schedule *schedule_of_environment(void)
{
    static struct co_schedule schedule;
    const char *seed = getenv("CORO_SEED");
    if (!seed)
        return NULL;
    schedule = (struct co_schedule){.seed = strtoull(seed, NULL, 0)};
    schedule.strategy = schedule.seed % 2 ? CO_SCHEDULE_RANDOM : CO_SCHEDULE_PCT;
    schedule.depth = 1 + (int)(schedule.seed % 3);
    return &schedule;
}

size_t co_runtime_run(const struct co_runtime_options *options, void (*main)(void *), void *arg)
{
    struct co_runtime_options with = options ? *options : (struct co_runtime_options){0};
    if (!with.schedule)
        with.schedule = schedule_of_environment();
    co_ensure(!co_runtime.workers); /* one at a time */
    if (!make_workers(&with))
        return not_started();
    settle_options(&with);
    co_runtime.schedule = with.schedule;
    co_schedule_seeded = with.schedule != NULL;
    co_runtime.unusual = co_runtime.migrates || co_schedule_seeded;
    if (co_runtime.schedule)
        co_schedule_begin(co_runtime.schedule);

    co_runtime.main = main;
    co_runtime.main_arg = arg;
    co_runtime.deadlocked = with.deadlocked;
    if (with.deadlocked)
        *with.deadlocked = false;
    atomic_store(&co_runtime.stopping, false);
    atomic_store(&co_runtime.sleep, 0);
    atomic_store(&co_runtime.watcher, 0);

    /* The first coroutine stays on this thread, which is worker 0. */
    struct co_worker *own = &co_runtime.workers[0];
    struct co *first = co_make(own, CO_SITE("main"), first_main, NULL);
    co_ensure(first);
    first->pinned = true;
    co_queue_push(&own->ready, first);
    if (!start_threads())
        return not_started();
    co_watchdog_start(&with);

    /* Until main has returned; the reports are made when no worker runs any more. */
    co_worker_loop(own);
    co_watchdog_stop();
    join_threads(co_runtime.worker_count);
    co_blocking_stop();
    co_sanitize_acquire(&co_runtime);
    co_trace_finish();
    size_t leaks = co_runtime_report_leaks();
    stop();
    co_runtime.schedule = NULL;
    co_schedule_seeded = false;
    return leaks;
}
