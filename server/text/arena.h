/* SPDX-License-Identifier: MIT */
/*
 * Memory that is given back all at once: what a request needs lives as long as the request. Used by
 * one coroutine at a time.
 *
 * When the system has no more memory, small allocations come out of a reserve, so that requests in
 * progress can be answered; no request may begin until the reserve is whole again. What a client
 * can make large is asked for with arena_try(), which may fail.
 */
#ifndef SERVER_TEXT_ARENA_H
#define SERVER_TEXT_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "coro/ensure.h"

struct arena {
    char *first, *next, *end; /* the block in use; `first` of the one that was given */
    size_t first_size;
    struct arena_block *blocks; /* those that were added since */
    bool is_short; /* arena_try() has failed: what was to be written there is missing */
};

/* Begin with `size` bytes that the caller owns. */
void arena_init(struct arena *arena, void *memory, size_t size);

/* Aligned for any object; not cleared. It does not fail: up to ARENA_RESERVED_MAX bytes are to be
 * had from the reserve, larger ones must not be what a client can choose. */
void *arena_alloc(struct arena *arena, size_t size);

/* The same; NULL: there is no memory, which the arena remembers. */
void *arena_try(struct arena *arena, size_t size);

/* The last allocation, if it was `memory` of `size` bytes, made larger in place; NULL: it cannot.
 */
void *arena_extend(struct arena *arena, void *memory, size_t size, size_t wanted);

char *arena_copy(struct arena *arena, const char *text, size_t length); /* with an end */

enum { ARENA_RESERVED_MAX = 64 * 1024 };

/* Fill the reserve, of the whole process, up. False: it is not whole, so let nothing begin. Never
 * parks; from any thread. A process that never calls it has none. */
CO_MUST_CHECK bool arena_reserve(void);

/* Give it back. No arena is in use. */
void arena_unreserve(void);

/* Back to the memory of arena_init(). */
void arena_clear(struct arena *arena);

#endif
