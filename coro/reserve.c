/* SPDX-License-Identifier: MIT */
/*
 * The address space for descriptors and stacks. A seeded run leaves its own to the next one of the
 * same size, with guard pages and first touches in place: whoever tries a hundred thousand seeds
 * does not want to pay for them each time.
 */
#include <string.h>
#include <sys/mman.h>

#include "coro/sched_private.h"

#if CO_SANITIZED
enum { STACK_DEFAULT = 260 * 1024 }; /* frames are two to four times as big */
#elif !defined(__OPTIMIZE__)
enum { STACK_DEFAULT = 132 * 1024 };
#else
enum { STACK_DEFAULT = 68 * 1024 };
#endif
enum { COROUTINES_DEFAULT = 2000000, STACKS_KEPT = 1024 };
#if CO_SANITIZE_THREADS
enum { COROUTINES_MOST = 4000 }; /* gcc's run-time library ends at 8,128 threads and fibers */
#else
enum { COROUTINES_MOST = 100000000 };
#endif

static struct {
    bool is; /* there is one, kept for a run of these options */
    size_t stack_size, max_coroutines;
} kept;

/* Some stacks more than coroutines, since free ones may lie in the cache of another worker: so a
 * coroutine that could be made can also be run. */
static bool reserve(const struct co_runtime_options *options)
{
    size_t most = options->max_coroutines ? options->max_coroutines : COROUTINES_DEFAULT;
    co_runtime.capped = CO_SANITIZE_THREADS && most > COROUTINES_MOST;
    if (most > COROUTINES_MOST)
        most = COROUTINES_MOST;
    if (most < 1)
        most = 1;
    size_t spare = (size_t)co_runtime.worker_count * CO_INDEX_CACHE;
    size_t stack_size = options->stack_size ? options->stack_size : STACK_DEFAULT;
    if (!co_stack_area_init(&co_runtime.stacks, stack_size, (uint32_t)(most + spare)))
        return false;
    if (co_runtime.stacks.pool.capacity < most + spare) /* the address space is limited */
        most = co_runtime.stacks.pool.capacity > 2 * spare ? co_runtime.stacks.pool.capacity - spare
                                                           : co_runtime.stacks.pool.capacity / 2;
    bool counted = co_index_pool_init(&co_runtime.cos_pool, (uint32_t)most);
    void *cos = mmap(NULL, most * sizeof *co_runtime.cos, PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (counted && cos != MAP_FAILED) {
        co_runtime.cos = cos;
        return true;
    }
    if (cos != MAP_FAILED)
        munmap(cos, most * sizeof *co_runtime.cos);
    co_index_pool_term(&co_runtime.cos_pool);
    co_stack_area_term(&co_runtime.stacks);
    return false;
}

static void release(void)
{
    munmap(co_runtime.cos, co_runtime.cos_pool.capacity * sizeof *co_runtime.cos);
    co_index_pool_term(&co_runtime.cos_pool);
    co_stack_area_term(&co_runtime.stacks);
}

bool co_reserve_open(const struct co_runtime_options *options)
{
    bool fits = kept.is && options->schedule && kept.stack_size == options->stack_size &&
                kept.max_coroutines == options->max_coroutines;
    if (fits)
        return true;
    if (kept.is)
        release();
    kept.is = false;
    kept.stack_size = options->stack_size;
    kept.max_coroutines = options->max_coroutines;
    return reserve(options);
}

void co_reserve_close(bool keep)
{
    kept.is = keep && co_runtime.stacks.pool.used <= STACKS_KEPT;
    if (!kept.is) {
        release();
        return;
    }

    /* As if nothing had been given out yet. */
    memset(co_runtime.cos, 0, co_runtime.cos_pool.used * sizeof *co_runtime.cos);
    co_index_pool_reset(&co_runtime.cos_pool);
    co_stack_area_reset(&co_runtime.stacks);
}
