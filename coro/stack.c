/* SPDX-License-Identifier: MIT */
#include "coro/stack_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "coro/ensure.h"

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102 /* Linux 6.13 */
#endif

enum { STOCK = 1024, TRIM_AT_ONCE = 32 };
enum { PAGE = 4096, COLOURS = 16, COLOUR_BYTES = 64, STACKS_MIN = 64 };
enum { MAPPINGS_DEFAULT = 65530, MAPPINGS_OF_OTHERS = 8192 };

static void guard_new(void *arg, uint32_t from, uint32_t to)
{
    struct co_stack_area *area = arg;
    for (uint32_t i = from; i < to; i++) {
        char *guard = area->base + i * area->slot_size;
        co_sanitize_stack_new(guard + PAGE, area->slot_size - PAGE);
        if (area->by_mprotect || madvise(guard, PAGE, MADV_GUARD_INSTALL) != 0)
            co_ensure(mprotect(guard, PAGE, PROT_NONE) == 0);
    }
}

/* How many guards the kernel lets mprotect make: each splits a mapping, so costs two. */
static uint32_t guards_by_mprotect(void)
{
    long most = MAPPINGS_DEFAULT;
    FILE *file = fopen("/proc/sys/vm/max_map_count", "re");
    if (file) {
        if (fscanf(file, "%ld", &most) != 1)
            most = MAPPINGS_DEFAULT;
        fclose(file);
    }
    long left = most - MAPPINGS_OF_OTHERS;
    return left <= 0 ? 0 : left > UINT32_MAX ? UINT32_MAX / 2 : (uint32_t)left / 2;
}

/* The address space of at most `capacity` stacks, of which no memory is used yet, or NULL. As many
 * as it has room for, and as can be guarded. */
static void *map_stacks(struct co_stack_area *area, uint32_t *capacity)
{
    void *base = MAP_FAILED;
    for (; *capacity >= STACKS_MIN; *capacity /= 2) {
        base = mmap(NULL, *capacity * area->slot_size, PROT_READ | PROT_WRITE,
            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
        if (base != MAP_FAILED)
            break;
    }
    if (base == MAP_FAILED)
        return NULL;
    area->by_mprotect = getenv("CORO_MPROTECT") || madvise(base, PAGE, MADV_GUARD_INSTALL) != 0;
    uint32_t guards = area->by_mprotect ? guards_by_mprotect() : UINT32_MAX;
    uint32_t kept = guards >= *capacity ? *capacity : guards >= STACKS_MIN ? guards : 0;
    if (kept < *capacity)
        munmap((char *)base + kept * area->slot_size, (*capacity - kept) * area->slot_size);
    *capacity = kept;
    return kept > 0 ? base : NULL;
}

bool co_stack_area_init(struct co_stack_area *area, size_t stack_size, uint32_t capacity)
{
    size_t pages = (stack_size + PAGE - 1) / PAGE;
    if (pages < 4)
        pages = 4;
    area->slot_size = (pages | 1) * PAGE; /* odd: see the header */
    char *base = map_stacks(area, &capacity);
    if (!base) {
        errno = ENOMEM;
        return false;
    }
    area->base = base;
    madvise(base, capacity * area->slot_size, MADV_NOHUGEPAGE); /* a page at a time */
    if (!co_index_pool_init(&area->pool, capacity)) {
        munmap(base, capacity * area->slot_size);
        return false;
    }
    area->pool.on_new = guard_new;
    area->pool.arg = area;
    return true;
}

/* Nothing may stay poisoned: the addresses will be used again. */
static void open_all(struct co_stack_area *area)
{
    struct co_sanitize whole = {0};
    if (CO_SANITIZE_ADDRESSES)
        co_sanitize_stack_open(&whole, area->base, area->pool.used * area->slot_size);
}

void co_stack_area_reset(struct co_stack_area *area)
{
    open_all(area);
    co_index_pool_reset(&area->pool);
}

void co_stack_area_term(struct co_stack_area *area)
{
    open_all(area);
    munmap(area->base, area->pool.capacity * area->slot_size);
    co_index_pool_term(&area->pool);
    area->base = NULL;
}

CO_UNSANITIZED char *co_stack_bottom(const struct co_stack_area *area, uint32_t index)
{
    return area->base + index * area->slot_size + PAGE;
}

CO_UNSANITIZED size_t co_stack_usable(const struct co_stack_area *area)
{
    return area->slot_size - PAGE;
}

CO_UNSANITIZED char *co_stack_top(const struct co_stack_area *area, uint32_t index)
{
    return area->base + (index + 1) * area->slot_size - index % COLOURS * COLOUR_BYTES;
}

CO_UNSANITIZED uint32_t co_stack_guard_hit(const struct co_stack_area *area, const void *address)
{
    const char *at = address;
    if (!area->base || at < area->base || at >= area->base + area->pool.capacity * area->slot_size)
        return CO_INDEX_NONE;
    size_t offset = (size_t)(at - area->base);
    return offset % area->slot_size < PAGE ? (uint32_t)(offset / area->slot_size) : CO_INDEX_NONE;
}

CO_UNSANITIZED static void give_back(void *arg, uint32_t index)
{
    madvise(co_stack_bottom(arg, index), co_stack_usable(arg), MADV_DONTNEED);
}

CO_UNSANITIZED bool co_stack_trim(struct co_stack_area *area)
{
    return atomic_load_explicit(&area->pool.warm, memory_order_relaxed) > STOCK &&
           co_index_pool_cool(&area->pool, STOCK, TRIM_AT_ONCE, give_back, area) > 0;
}
