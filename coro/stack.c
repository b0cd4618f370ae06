/* SPDX-License-Identifier: MIT */
#include "coro/stack_private.h"

#include <sys/mman.h>

#include "coro/ensure.h"

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102 /* Linux 6.13 */
#endif

enum { STOCK = 1024, TRIM_AT_ONCE = 32 };
enum { PAGE = 4096, COLOURS = 16, COLOUR_BYTES = 64, STACKS_MIN = 64 };

/* Called under the pool's lock, so by_mprotect has one writer. */
static void guard_new(void *arg, uint32_t from, uint32_t to)
{
    struct co_stack_area *area = arg;
    for (uint32_t i = from; i < to; i++) {
        char *guard = area->base + i * area->slot_size;
        co_sanitize_stack_new(guard + PAGE, area->slot_size - PAGE);
        if (!area->by_mprotect && madvise(guard, PAGE, MADV_GUARD_INSTALL) == 0)
            continue;
        area->by_mprotect = true;
        co_ensure(mprotect(guard, PAGE, PROT_NONE) == 0);
    }
}

bool co_stack_area_init(struct co_stack_area *area, size_t stack_size, uint32_t capacity)
{
    size_t pages = (stack_size + PAGE - 1) / PAGE;
    if (pages < 4)
        pages = 4;
    area->slot_size = (pages | 1) * PAGE; /* odd: see the header */
    area->by_mprotect = false;

    /* As many as the address space has room for; no memory is used yet. */
    void *base = MAP_FAILED;
    for (; capacity >= STACKS_MIN; capacity /= 2) {
        base = mmap(NULL, capacity * area->slot_size, PROT_READ | PROT_WRITE,
            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
        if (base != MAP_FAILED)
            break;
    }
    if (base == MAP_FAILED)
        return false;
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
