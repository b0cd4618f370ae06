/* SPDX-License-Identifier: MIT */
#include "server/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "coro/ensure.h"

enum { ALIGN = 16, BLOCK = 16384 };

struct arena_block {
    struct arena_block *next;
    _Alignas(ALIGN) char bytes[];
};

static char *aligned(char *at)
{
    return at + (-(uintptr_t)at & (ALIGN - 1));
}

void arena_init(struct arena *arena, void *memory, size_t size)
{
    *arena = (struct arena){.first = memory, .first_size = size};
    arena_clear(arena);
}

static void *alloc_in_new_block(struct arena *arena, size_t size)
{
    size_t room = size > BLOCK / 4 ? size : BLOCK;
    struct arena_block *block = malloc(sizeof *block + room);
    ensure(block);
    block->next = arena->blocks;
    arena->blocks = block;
    if (room - size > (size_t)(arena->end - arena->next)) { /* the roomier one goes on */
        arena->next = block->bytes + size;
        arena->end = block->bytes + room;
    }
    return block->bytes;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    char *at = aligned(arena->next);
    if (at > arena->end || size > (size_t)(arena->end - at))
        return alloc_in_new_block(arena, size);
    arena->next = at + size;
    return at;
}

void *arena_extend(struct arena *arena, void *memory, size_t size, size_t wanted)
{
    char *at = memory;
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
        struct arena_block *next = arena->blocks->next;
        free(arena->blocks);
        arena->blocks = next;
    }
    arena->next = arena->first;
    arena->end = arena->first + arena->first_size;
}
