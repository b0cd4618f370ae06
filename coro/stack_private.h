/* SPDX-License-Identifier: MIT */
/*
 * The stacks of all coroutines: one reservation of address space, cut into slots of one size, each
 * with a guard page at its low end. Memory is used when touched, a page at a time.
 *
 *      slot 0                          slot 1
 *      | guard | ... <- grows down  top | guard | ...
 *
 * A slot has an odd number of pages, and tops are shifted by a few cache lines from slot to slot:
 * else the hot ends of all stacks would fall on the same few sets of the caches.
 */
#ifndef CORO_STACK_PRIVATE_H
#define CORO_STACK_PRIVATE_H

#include "coro/index_pool_private.h"

struct co_stack_area {
    char *base;
    size_t slot_size;
    struct co_index_pool pool;
    bool by_mprotect; /* guards cost two mappings each: the kernel has no MADV_GUARD_INSTALL */
};

/* At most `capacity` stacks; fewer when the address space is limited, or the number of mappings and
 * guards cost some. False: not even a few. With CORO_MPROTECT in the environment guards are made as
 * on a kernel before 6.13. */
bool co_stack_area_init(struct co_stack_area *area, size_t stack_size, uint32_t capacity);
void co_stack_area_term(struct co_stack_area *area);
void co_stack_area_reset(
    struct co_stack_area *area); /* all are free again, and as warm as they are */

char *co_stack_bottom(const struct co_stack_area *area, uint32_t index); /* lowest usable byte */
size_t co_stack_usable(const struct co_stack_area *area);
char *co_stack_top(const struct co_stack_area *area, uint32_t index); /* 16-aligned, grows down */

/* Give the memory of some unused stacks back to the system, but for a stock of them. False: there
 * are none beyond that. For a worker that has nothing better to do. */
bool co_stack_trim(struct co_stack_area *area);

/* The slot whose guard page holds the address, or CO_INDEX_NONE. Callable from a signal handler. */
uint32_t co_stack_guard_hit(const struct co_stack_area *area, const void *address);

#endif
