/* SPDX-License-Identifier: MIT */
/* Blocks in a list, the newest first; memory is given out of one of them until it has no more room.
 * The reserve is shared by the process, so that short memory does not stop what has begun. */
#include "server/text/arena.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "coro/lock.h"

enum { ALIGN = 16, BLOCK = 16384, RESERVED = 64 /* blocks of ARENA_RESERVED_MAX */ };

struct arena_block {
    struct arena_block *next;
    bool reserved; /* goes back to the reserve */
    _Alignas(ALIGN) char bytes[];
};

/* ---- the reserve --------------------------------------------------------------------------- */

static struct {
    struct co_lock lock;
    struct arena_block *blocks; /* under lock */
    _Atomic int count;          /* of them; written under lock */
} reserve;

static void put_back(struct arena_block *block)
{
    co_lock_take(&reserve.lock);
    block->next = reserve.blocks;
    reserve.blocks = block;
    atomic_fetch_add(&reserve.count, 1);
    co_lock_drop(&reserve.lock);
}

static struct arena_block *take_reserved(void)
{
    co_lock_take(&reserve.lock);
    struct arena_block *block = reserve.blocks;
    if (block) {
        reserve.blocks = block->next;
        atomic_fetch_sub(&reserve.count, 1);
    }
    co_lock_drop(&reserve.lock);
    return block;
}

bool arena_reserve(void)
{
    /* Nearly always whole, so this is one look without the lock. */
    while (atomic_load_explicit(&reserve.count, memory_order_relaxed) < RESERVED) {
        struct arena_block *block = malloc(sizeof *block + ARENA_RESERVED_MAX);
        if (!block)
            return false;
        block->reserved = true;
        put_back(block);
    }
    return true;
}

void arena_unreserve(void)
{
    for (struct arena_block *block; (block = take_reserved());)
        free(block);
}

/* ---- allocating ---------------------------------------------------------------------------- */

static char *aligned(char *at)
{
    return at + (-(uintptr_t)at & (ALIGN - 1));
}

void arena_init(struct arena *arena, void *memory, size_t size)
{
    *arena = (struct arena){.first = memory, .first_size = size};
    arena_clear(arena);
}

/* NULL: there is no memory. */
static struct arena_block *new_block(size_t room)
{
    struct arena_block *block = malloc(sizeof *block + room);
    if (block)
        block->reserved = false;
    return block;
}

static void *alloc_in(struct arena *arena, struct arena_block *block, size_t room, size_t size)
{
    /* A large piece gets a block of its own, and leaves the one in use as it was. */
    block->next = arena->blocks;
    arena->blocks = block;
    if (room - size > (size_t)(arena->end - arena->next)) { /* the roomier one goes on */
        arena->next = block->bytes + size;
        arena->end = block->bytes + room;
    }
    return block->bytes;
}

/* In the block in use; NULL: it has no room. */
static void *alloc_here(struct arena *arena, size_t size)
{
    /* There is no block yet: not even 0 may be added to NULL. */
    if (!arena->next)
        return NULL;
    char *at = aligned(arena->next);
    if (at > arena->end || size > (size_t)(arena->end - at))
        return NULL;
    arena->next = at + size;
    return at;
}

static void *alloc(struct arena *arena, size_t size, bool must)
{
    void *memory = alloc_here(arena, size);
    if (memory)
        return memory;
    /* A piece of more than a quarter of a block would leave much of one unused. */
    size_t room = size > BLOCK / 4 ? size : BLOCK;
    struct arena_block *block = new_block(room);
    /* Small pieces come out of the reserve; large ones are asked for with arena_try(). */
    if (!block && must) {
        room = ARENA_RESERVED_MAX;
        block = size <= room ? take_reserved() : NULL;
        co_ensure(block);
    }
    return block ? alloc_in(arena, block, room, size) : NULL;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    return alloc(arena, size, true);
}

void *arena_try(struct arena *arena, size_t size)
{
    void *memory = alloc(arena, size, false);
    arena->is_short |= !memory;
    return memory;
}

void *arena_extend(struct arena *arena, void *memory, size_t size, size_t wanted)
{
    char *at = memory;
    /* Only what was given out last can grow where it stands. */
    if (at + size != arena->next || wanted > (size_t)(arena->end - at))
        return NULL;
    arena->next = at + wanted;
    return memory;
}

char *arena_copy(struct arena *arena, const char *text, size_t length)
{
    char *copy = arena_alloc(arena, length + 1);
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

void arena_clear(struct arena *arena)
{
    while (arena->blocks) {
        struct arena_block *block = arena->blocks;
        arena->blocks = block->next;
        /* Back to the reserve, which must be whole before another request begins. */
        if (block->reserved)
            put_back(block);
        else
            free(block);
    }
    arena->next = arena->first;
    arena->end = arena->first ? arena->first + arena->first_size : NULL;
    arena->is_short = false;
}
