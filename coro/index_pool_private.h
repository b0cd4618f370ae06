/* SPDX-License-Identifier: MIT */
/*
 * Numbers 0..capacity-1, given out and taken back; the last one given back is given out first.
 * Each worker has a cache of its own; caches trade batches with the pool under its lock.
 */
#ifndef CORO_INDEX_POOL_PRIVATE_H
#define CORO_INDEX_POOL_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coro/lock.h"

enum { CO_INDEX_CACHE = 64, CO_INDEX_NONE = UINT32_MAX };

struct co_index_pool {
    struct co_lock lock;
    uint32_t capacity;
    _Atomic uint32_t used; /* numbers below it have been given out at least once */
    uint32_t prepared;     /* those below it have been passed to on_new() */
    uint32_t first_free;   /* a chain through links[], what was given back last in front */
    uint32_t first_cold;   /* another, of those whose memory was given back to the system */
    _Atomic uint32_t warm; /* how many are in the first chain */
    uint32_t *links;
    void (*on_new)(void *arg, uint32_t from, uint32_t to); /* before [from, to) is first used */
    void *arg;
};

struct co_index_cache {
    uint32_t count, limit;
    uint32_t item[CO_INDEX_CACHE];
};

bool co_index_pool_init(struct co_index_pool *pool, uint32_t capacity);
void co_index_pool_term(struct co_index_pool *pool);

/* As new, but that on_new() is not called again for what it was called for. No cache is in use. */
void co_index_pool_reset(struct co_index_pool *pool);

/* Refill an empty cache; false when the pool is exhausted. Drain half of a full one. */
bool co_index_pool_refill(struct co_index_pool *pool, struct co_index_cache *cache);
void co_index_pool_drain(struct co_index_pool *pool, struct co_index_cache *cache);

/* Have `cool` called for up to n of the free numbers beyond the first `keep`; how many it was
 * called for. They are given out last from then on. */
uint32_t co_index_pool_cool(struct co_index_pool *pool, uint32_t keep, uint32_t n,
    void (*cool)(void *arg, uint32_t index), void *arg);

CO_UNSANITIZED static inline uint32_t co_index_take(
    struct co_index_pool *pool, struct co_index_cache *cache)
{
    if (cache->count == 0 && !co_index_pool_refill(pool, cache))
        return CO_INDEX_NONE;
    return cache->item[--cache->count];
}

CO_UNSANITIZED static inline void co_index_give(
    struct co_index_pool *pool, struct co_index_cache *cache, uint32_t index)
{
    if (cache->count == cache->limit)
        co_index_pool_drain(pool, cache);
    cache->item[cache->count++] = index;
}

#endif
