/* SPDX-License-Identifier: MIT */
#include "coro/index_pool_private.h"

#include <string.h>
#include <sys/mman.h>

bool index_pool_init(struct index_pool *pool, uint32_t capacity)
{
    memset(pool, 0, sizeof *pool);
    void *links = mmap(NULL, capacity * sizeof *pool->links, PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (links == MAP_FAILED)
        return false;
    pool->links = links;
    pool->capacity = capacity;
    pool->first_free = pool->first_cold = INDEX_NONE;
    return true;
}

void index_pool_term(struct index_pool *pool)
{
    if (pool->links)
        munmap(pool->links, pool->capacity * sizeof *pool->links);
    pool->links = NULL;
}

void index_pool_reset(struct index_pool *pool)
{
    atomic_store(&pool->used, 0);
    atomic_store(&pool->warm, 0);
    pool->first_free = pool->first_cold = INDEX_NONE;
}

UNSANITIZED static void push(struct index_pool *pool, uint32_t *chain, uint32_t index)
{
    pool->links[index] = *chain;
    *chain = index;
}

UNSANITIZED static uint32_t pop(struct index_pool *pool, uint32_t *chain)
{
    uint32_t index = *chain;
    *chain = pool->links[index];
    return index;
}

UNSANITIZED static void count_warm(struct index_pool *pool, int change)
{
    uint32_t warm = atomic_load_explicit(&pool->warm, memory_order_relaxed);
    atomic_store_explicit(&pool->warm, warm + (uint32_t)change, memory_order_relaxed);
}

/* Numbers that were never used, the lowest on top. */
UNSANITIZED static void take_new(struct index_pool *pool, struct index_cache *cache, uint32_t n)
{
    uint32_t from = atomic_load_explicit(&pool->used, memory_order_relaxed);
    if (n > pool->capacity - from)
        n = pool->capacity - from;
    if (n == 0)
        return;
    if (pool->on_new && pool->prepared < from + n) {
        pool->on_new(pool->arg, pool->prepared > from ? pool->prepared : from, from + n);
        pool->prepared = from + n;
    }
    for (uint32_t i = n; i-- > 0;)
        cache->item[cache->count++] = from + i;
    atomic_store_explicit(&pool->used, from + n, memory_order_release);
}

UNSANITIZED bool index_pool_refill(struct index_pool *pool, struct index_cache *cache)
{
    uint32_t n = (cache->limit + 1) / 2;
    lock_take_unseen(&pool->lock);
    while (cache->count < n && pool->first_free != INDEX_NONE) {
        cache->item[cache->count++] = pop(pool, &pool->first_free);
        count_warm(pool, -1);
    }
    while (cache->count < n && pool->first_cold != INDEX_NONE)
        cache->item[cache->count++] = pop(pool, &pool->first_cold);
    if (cache->count == 0)
        take_new(pool, cache, n);
    lock_drop_unseen(&pool->lock);
    return cache->count > 0;
}

/* The oldest half goes: what stays is what was used last. */
UNSANITIZED void index_pool_drain(struct index_pool *pool, struct index_cache *cache)
{
    uint32_t n = (cache->count + 1) / 2;
    lock_take_unseen(&pool->lock);
    for (uint32_t i = 0; i < n; i++)
        push(pool, &pool->first_free, cache->item[i]);
    count_warm(pool, (int)n);
    lock_drop_unseen(&pool->lock);
    cache->count -= n;
    memmove(cache->item, cache->item + n, cache->count * sizeof *cache->item);
}

/* What is being cooled is in neither chain meanwhile, so it cannot be given out. */
UNSANITIZED uint32_t index_pool_cool(struct index_pool *pool, uint32_t keep, uint32_t n,
    void (*cool)(void *arg, uint32_t index), void *arg)
{
    uint32_t cooled = 0;
    for (; cooled < n; cooled++) {
        uint32_t index = INDEX_NONE;
        lock_take_unseen(&pool->lock);
        if (atomic_load_explicit(&pool->warm, memory_order_relaxed) > keep) {
            index = pop(pool, &pool->first_free);
            count_warm(pool, -1);
        }
        lock_drop_unseen(&pool->lock);
        if (index == INDEX_NONE)
            break;

        /* Outside the lock: it is a system call. */
        cool(arg, index);
        lock_take_unseen(&pool->lock);
        push(pool, &pool->first_cold, index);
        lock_drop_unseen(&pool->lock);
    }
    return cooled;
}
