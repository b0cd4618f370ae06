/* SPDX-License-Identifier: MIT */
/* Reads other workers' coroutines while they run: each field by itself is right, two of them may be
 * of two moments. The descriptors are never unmapped, and their texts are static. */
#include "coro/census.h"

#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/sched_private.h"

enum { TURN = 4096 }; /* descriptors; more at a time would keep others from running */

/* One text may stand in the program more than once. */
static bool is_same(const char *a, const char *b)
{
    return a == b || strcmp(a, b) == 0;
}

/* The group of these; NULL: there is no room for another one. */
static struct co_census_group *group_of(struct co_census *census, const char *name, const char *why)
{
    for (size_t i = 0; i < census->count; i++)
        if (is_same(census->groups[i].why, why) && is_same(census->groups[i].name, name))
            return &census->groups[i];
    if (census->count == CO_CENSUS_GROUPS)
        return NULL;
    struct co_census_group *group = &census->groups[census->count++];
    *group = (struct co_census_group){.name = name, .why = why};
    return group;
}

static void count_waiting(struct co_census *census, const struct co *co, int64_t now_ns)
{
    const struct co_site *site = atomic_load_explicit(&co->site, memory_order_relaxed);
    const char *why = atomic_load_explicit(&co->why, memory_order_relaxed);
    int64_t waits_ns = now_ns - atomic_load_explicit(&co->since_ns, memory_order_relaxed);
    struct co_census_group *group = site && why ? group_of(census, site->name, why) : NULL;
    census->waiting++;
    if (!group) {
        census->others++;
        return;
    }
    group->count++;
    if (waits_ns > group->longest_ns)
        group->longest_ns = waits_ns;
}

static void count_one(struct co_census *census, const struct co *co, int64_t now_ns)
{
    switch (atomic_load_explicit(&co->state, memory_order_relaxed)) {
    case CO_FREE:
        return;
    case CO_FRESH:
        census->fresh++;
        break;
    case CO_IS_READY:
        census->ready++;
        break;
    case CO_RUNNING:
        census->running++;
        break;
    default:
        count_waiting(census, co, now_ns);
    }
    census->alive++;
}

static int by_count(const void *a, const void *b)
{
    uint32_t x = ((const struct co_census_group *)a)->count,
             y = ((const struct co_census_group *)b)->count;
    return (x < y) - (x > y);
}

void co_census_take(struct co_census *census)
{
    *census = (struct co_census){.alive = 0};
    int64_t now_ns = co_clock_now_ns();
    uint32_t used = atomic_load_explicit(&co_runtime.cos_pool.used, memory_order_acquire);
    for (uint32_t i = 0; i < used; i++) {
        count_one(census, &co_runtime.cos[i], now_ns);
        if (i % TURN == TURN - 1)
            co_yield();
    }
    qsort(census->groups, census->count, sizeof census->groups[0], by_count);
}
