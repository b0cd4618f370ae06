/* SPDX-License-Identifier: MIT */
#include "ledger/memory/filter.h"

#include <stdlib.h>

/*
 * A Bloom filter in blocks (F. Putze, P. Sanders, J. Singler, 2007): all bits of a key are in one
 * cache line, so a look-up fetches one line a level. A full level stays as it is, and another one
 * is begun.
 */
enum {
    LINE_WORDS = 8,     /* a cache line of 64-bit words */
    PROBES = 8,         /* bits set for each key: 9 bits of hash choose each */
    KEYS_PER_LINE = 42, /* about 12 bits a key: one "perhaps" in 200 is wrong */
    FIRST_LINES = 64,   /* of a ledger that has few keys; then */
    NEXT_LINES = 4096,
};

/* A second, independent 64 bits from the first (the finalizer of MurmurHash3, A. Appleby). */
static uint64_t remix(uint64_t hash)
{
    hash ^= hash >> 33;
    hash *= UINT64_C(0xFF51AFD7ED558CCD);
    hash ^= hash >> 33;
    hash *= UINT64_C(0xC4CEB9FE1A85EC53);
    return hash ^ hash >> 33;
}

/* Multiplied instead of divided, as the number of lines is not a power of two. */
static uint64_t *line_of(const struct filter *filter, unsigned level, uint64_t hash)
{
    __extension__ typedef unsigned __int128 wide;
    uint64_t line = (uint64_t)((wide)hash * filter->lines[level] >> 64);
    return filter->bits[level] + line * LINE_WORDS;
}

static bool add_level(struct filter *filter, uint64_t lines)
{
    if (filter->levels == FILTER_LEVELS)
        return false;
    uint64_t *bits = calloc(lines * LINE_WORDS, sizeof *bits);
    if (!bits)
        return false;
    filter->lines[filter->levels] = lines;
    filter->bits[filter->levels++] = bits;
    filter->room = lines * KEYS_PER_LINE;
    return true;
}

/* As large as all before it, and large enough that there are never many: each is looked at. */
static bool grow(struct filter *filter)
{
    uint64_t lines = 0;
    for (unsigned level = 0; level < filter->levels; level++)
        lines += filter->lines[level];
    if (lines > 0 && lines < NEXT_LINES)
        lines = NEXT_LINES;
    return add_level(filter, lines > 0 ? lines : FIRST_LINES);
}

bool filter_expect(struct filter *filter, uint64_t keys)
{
    /* A quarter more than that, for the keys to come. */
    co_ensure(filter->levels == 0);
    uint64_t lines = keys / KEYS_PER_LINE + keys / KEYS_PER_LINE / 4;
    return lines <= FIRST_LINES || add_level(filter, lines);
}

bool filter_add(struct filter *filter, uint64_t hash)
{
    /* Without memory for another level the last one becomes denser: more keys are asked for. */
    if (filter->room == 0 && !grow(filter) && filter->levels == 0)
        return false;
    uint64_t *line = line_of(filter, filter->levels - 1, hash);
    uint64_t probes[2] = {remix(hash), remix(hash + 1)};
    for (int i = 0; i < PROBES; i++) {
        unsigned bit = (unsigned)(probes[i / 4] >> (i % 4 * 9)) & 511;
        line[bit / 64] |= UINT64_C(1) << bit % 64;
    }
    filter->room -= filter->room > 0;
    return true;
}

static bool level_has(const struct filter *filter, unsigned level, uint64_t hash)
{
    const uint64_t *line = line_of(filter, level, hash);
    uint64_t probes[2] = {remix(hash), remix(hash + 1)};
    for (int i = 0; i < PROBES; i++) {
        unsigned bit = (unsigned)(probes[i / 4] >> (i % 4 * 9)) & 511;
        if (!(line[bit / 64] >> bit % 64 & 1))
            return false;
    }
    return true;
}

bool filter_perhaps(const struct filter *filter, uint64_t hash)
{
    /* The newest first: it is as large as all others, and has what is likely to come again. */
    for (unsigned level = filter->levels; level-- > 0;)
        if (level_has(filter, level, hash))
            return true;
    return false;
}

void filter_free(struct filter *filter)
{
    for (unsigned level = 0; level < filter->levels; level++)
        free(filter->bits[level]);
    *filter = (struct filter){0};
}
