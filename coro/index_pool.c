/* SPDX-License-Identifier: MIT */
#include "coro/index_pool_private.h"

#include <string.h>
#include <sys/mman.h>

bool co_index_pool_init(struct co_index_pool *pool, uint32_t capacity)
{
    memset(pool, 0, sizeof *pool);
    void *links = mmap(NULL, capacity * sizeof *pool->links, PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (links == MAP_FAILED)
        return false;
    pool->links = links;
    pool->capacity = capacity;
    pool->first_free = pool->first_cold = CO_INDEX_NONE;
    return true;
}

void co_index_pool_term(struct co_index_pool *pool)
{
    if (pool->links)
        munmap(pool->links, pool->capacity * sizeof *pool->links);
    pool->links = NULL;
}

void co_index_pool_reset(struct co_index_pool *pool)
{
    atomic_store(&pool->used, 0);
    atomic_store(&pool->warm, 0);
    pool->first_free = pool->first_cold = CO_INDEX_NONE;
}

CO_UNSANITIZED static void push(struct co_index_pool *pool, uint32_t *chain, uint32_t index)
{
    pool->links[index] = *chain;
    *chain = index;
}

CO_UNSANITIZED static uint32_t pop(struct co_index_pool *pool, uint32_t *chain)
{
    uint32_t index = *chain;
    *chain = pool->links[index];
    return index;
}

CO_UNSANITIZED static void count_warm(struct co_index_pool *pool, int change)
{
    uint32_t warm = atomic_load_explicit(&pool->warm, memory_order_relaxed);
    atomic_store_explicit(&pool->warm, warm + (uint32_t)change, memory_order_relaxed);
}

/* Numbers that were never used, the lowest on top. */
CO_UNSANITIZED static void take_new(
    struct co_index_pool *pool, struct co_index_cache *cache, uint32_t n)
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

CO_UNSANITIZED bool co_index_pool_refill(struct co_index_pool *pool, struct co_index_cache *cache)
{
    uint32_t n = (cache->limit + 1) / 2;
    co_lock_take_unseen(&pool->lock);
    while (cache->count < n && pool->first_free != CO_INDEX_NONE) {
        cache->item[cache->count++] = pop(pool, &pool->first_free);
        count_warm(pool, -1);
    }
    while (cache->count < n && pool->first_cold != CO_INDEX_NONE)
        cache->item[cache->count++] = pop(pool, &pool->first_cold);
    if (cache->count == 0)
        take_new(pool, cache, n);
    co_lock_drop_unseen(&pool->lock);
    return cache->count > 0;
}

/* The oldest half goes: what stays is what was used last. */
CO_UNSANITIZED void co_index_pool_drain(struct co_index_pool *pool, struct co_index_cache *cache)
{
    uint32_t n = (cache->count + 1) / 2;
    co_lock_take_unseen(&pool->lock);
    for (uint32_t i = 0; i < n; i++)
        push(pool, &pool->first_free, cache->item[i]);
    count_warm(pool, (int)n);
    co_lock_drop_unseen(&pool->lock);
    cache->count -= n;
    memmove(cache->item, cache->item + n, cache->count * sizeof *cache->item);
}

/* What is being cooled is in neither chain meanwhile, so it cannot be given out. */
CO_UNSANITIZED uint32_t co_index_pool_cool(struct co_index_pool *pool, uint32_t keep, uint32_t n,
    void (*cool)(void *arg, uint32_t index), void *arg)
{
    uint32_t cooled = 0;
    for (; cooled < n; cooled++) {
        uint32_t index = CO_INDEX_NONE;
        co_lock_take_unseen(&pool->lock);
        if (atomic_load_explicit(&pool->warm, memory_order_relaxed) > keep) {
            index = pop(pool, &pool->first_free);
            count_warm(pool, -1);
        }
        co_lock_drop_unseen(&pool->lock);
        if (index == CO_INDEX_NONE)
            break;

        /* Outside the lock: it is a system call. */
        cool(arg, index);
        co_lock_take_unseen(&pool->lock);
        push(pool, &pool->first_cold, index);
        co_lock_drop_unseen(&pool->lock);
    }
    return cooled;
}
