/* SPDX-License-Identifier: MIT */
/*
 * Memory that is given back all at once: what a request needs lives as long as the request.
 * Used by one coroutine at a time. It does not fail: a process without memory stops.
 */
#ifndef SERVER_ARENA_H
#define SERVER_ARENA_H

#include <stddef.h>

struct arena {
    char *first, *next, *end; /* the block in use; `first` of the one that was given */
    size_t first_size;
    struct arena_block *blocks; /* those that were added since */
};

/* Begin with `size` bytes that the caller owns. */
void arena_init(struct arena *arena, void *memory, size_t size);

/* Aligned for any object; not cleared. */
void *arena_alloc(struct arena *arena, size_t size);

/* The last allocation, if it was `memory` of `size` bytes, made larger in place; NULL: it cannot.
 */
void *arena_extend(struct arena *arena, void *memory, size_t size, size_t wanted);

char *arena_copy(struct arena *arena, const char *text, size_t length); /* with an end */

/* Back to the memory of arena_init(). */
void arena_clear(struct arena *arena);

#endif
