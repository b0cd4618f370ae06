/* SPDX-License-Identifier: MIT */
/* Start and stop. The calling thread is worker 0. */
#include "coro/runtime.h"

#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "coro/clock.h"
#include "coro/sched_private.h"

#if SANITIZED
enum { STACK_DEFAULT = 260 * 1024 }; /* frames are two to four times as big */
#elif !defined(__OPTIMIZE__)
enum { STACK_DEFAULT = 132 * 1024 };
#else
enum { STACK_DEFAULT = 68 * 1024 };
#endif
enum { COROUTINES_DEFAULT = 2000000, COROUTINES_MIN = 64, CACHE_SHARE = 8 };
#if SANITIZE_THREADS
enum { COROUTINES_MOST = 4000 }; /* gcc's run-time library ends at 8,128 threads and fibers */
#else
enum { COROUTINES_MOST = 100000000 };
#endif

static int processors(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > WORKERS_MAX ? WORKERS_MAX : (int)n;
}

/* Address space for descriptors and stacks. Some stacks more than coroutines, since free ones may
 * lie in the cache of another worker: so a coroutine that could be made can also be run. */
static void reserve(const struct runtime_options *options)
{
    size_t most = options->max_coroutines ? options->max_coroutines : COROUTINES_DEFAULT;
    runtime.capped = SANITIZE_THREADS && most > COROUTINES_MOST;
    if (most > COROUTINES_MOST)
        most = COROUTINES_MOST;
    if (most < 1)
        most = 1;
    size_t spare = (size_t)runtime.worker_count * INDEX_CACHE;
    size_t stack_size = options->stack_size ? options->stack_size : STACK_DEFAULT;
    ensure(stack_area_init(&runtime.stacks, stack_size, (uint32_t)(most + spare)));
    if (runtime.stacks.pool.capacity < most + spare) /* the address space is limited */
        most = runtime.stacks.pool.capacity > 2 * spare ? runtime.stacks.pool.capacity - spare
                                                        : runtime.stacks.pool.capacity / 2;
    ensure(index_pool_init(&runtime.cos_pool, (uint32_t)most));
    void *cos = mmap(NULL, most * sizeof *runtime.cos, PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    ensure(cos != MAP_FAILED);
    runtime.cos = cos;
}

/* A worker may keep a share of the free numbers to itself, but only a small one. */
static uint32_t cache_limit(const struct index_pool *pool)
{
    uint32_t limit = pool->capacity / (uint32_t)(CACHE_SHARE * runtime.worker_count);
    return limit < 1 ? 1 : limit > INDEX_CACHE ? INDEX_CACHE : limit;
}

static void start(const struct runtime_options *options)
{
    int count = options->schedule ? 1 : options->workers > 0 ? options->workers : processors();
    runtime.worker_count = count > WORKERS_MAX ? WORKERS_MAX : count;
    reserve(options);
    runtime.workers = aligned_alloc(64, (size_t)runtime.worker_count * sizeof *runtime.workers);
    ensure(runtime.workers);
    memset(runtime.workers, 0, (size_t)runtime.worker_count * sizeof *runtime.workers);
    for (int i = 0; i < runtime.worker_count; i++) {
        struct worker *worker = &runtime.workers[i];
        ensure(worker_init(worker, i));
        worker->cos.limit = cache_limit(&runtime.cos_pool);
        worker->stacks.limit = INDEX_CACHE;
    }
    runtime.migrates = !options->schedule && (options->migrate || getenv("CORO_MIGRATE"));
    overflow_install();
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
    munmap(runtime.cos, runtime.cos_pool.capacity * sizeof *runtime.cos);
    index_pool_term(&runtime.cos_pool);
    stack_area_term(&runtime.stacks);
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
    if (runtime.schedule)
        schedule_begin(runtime.schedule);

    runtime.main = main;
    runtime.main_arg = arg;
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
