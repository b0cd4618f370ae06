/* SPDX-License-Identifier: MIT */
#include "coro/index_pool.h"

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
    pool->first_free = INDEX_NONE;
    return true;
}

void index_pool_term(struct index_pool *pool)
{
    if (pool->links)
        munmap(pool->links, pool->capacity * sizeof *pool->links);
    pool->links = NULL;
}

/* Numbers that were never used, the lowest on top. */
UNSANITIZED static void take_new(struct index_pool *pool, struct index_cache *cache, uint32_t n)
{
    uint32_t from = atomic_load_explicit(&pool->used, memory_order_relaxed);
    if (n > pool->capacity - from)
        n = pool->capacity - from;
    if (n == 0)
        return;
    if (pool->on_new)
        pool->on_new(pool->arg, from, from + n);
    for (uint32_t i = n; i-- > 0;)
        cache->item[cache->count++] = from + i;
    atomic_store_explicit(&pool->used, from + n, memory_order_release);
}

UNSANITIZED bool index_pool_refill(struct index_pool *pool, struct index_cache *cache)
{
    uint32_t n = (cache->limit + 1) / 2;
    lock_take_unseen(&pool->lock);
    while (cache->count < n && pool->first_free != INDEX_NONE) {
        cache->item[cache->count++] = pool->first_free;
        pool->first_free = pool->links[pool->first_free];
    }
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
    for (uint32_t i = 0; i < n; i++) {
        pool->links[cache->item[i]] = pool->first_free;
        pool->first_free = cache->item[i];
    }
    lock_drop_unseen(&pool->lock);
    cache->count -= n;
    memmove(cache->item, cache->item + n, cache->count * sizeof *cache->item);
}
