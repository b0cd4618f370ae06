/* SPDX-License-Identifier: MIT */
/*
 * Hash tables of items that have their own link: nothing is allocated to add one, so adding cannot
 * fail. A table is an array of pointers to items, all NULL at first; each begins the chain of a
 * bucket, which the user picks by the hash of the key. Neither locks nor parks.
 *
 * TABLE_DEFINE(NAME, ITEM, LINK, KEY, HAS_KEY) makes, for the type ITEM with the member ITEM *LINK,
 * keys of the type KEY, and a function bool HAS_KEY(const ITEM *, KEY):
 *
 *   ITEM **NAME_place(ITEM **bucket, KEY key)      where the item of that key hangs: *place; if
 *                                                  there is none, the end of the chain: *place NULL
 *   void NAME_put(ITEM **place, ITEM *item)        in front of what hangs there; bucket or place
 *   ITEM *NAME_take(ITEM **place)                  out of the table
 *   void NAME_each(ITEM **buckets, size_t count, void (*act)(ITEM *))
 *                                                  once for each item, which act() may free
 *
 * Behind it, for a table that begins small, TABLE_DEFINE_SPREAD(NAME, ITEM, LINK, HASH_OF), with a
 * function uint64_t HASH_OF(const ITEM *) whose lowest bits pick the bucket:
 *
 *   void NAME_spread(struct table_size *size, ITEM ***buckets, size_t most)
 *                                                  twice as many, up to `most`, once there are as
 *                                                  many items; buckets that were looked up before
 *                                                  are gone. Without memory it stays as it is.
 *
 * They are compiled for the type, so that they cost what such a loop costs that is written by hand.
 */
#ifndef LEDGER_MEMORY_TABLE_H
#define LEDGER_MEMORY_TABLE_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "coro/ensure.h"

struct table_size {
    size_t buckets; /* a power of two */
    size_t items;   /* the user counts them */
};

#define TABLE_DEFINE(NAME, ITEM, LINK, KEY, HAS_KEY)                                               \
    static inline ITEM **NAME##_place(ITEM **bucket, KEY key)                                      \
    {                                                                                              \
        while (*bucket && !HAS_KEY(*bucket, key))                                                  \
            bucket = &(*bucket)->LINK;                                                             \
        return bucket;                                                                             \
    }                                                                                              \
    static inline void NAME##_put(ITEM **place, ITEM *item)                                        \
    {                                                                                              \
        item->LINK = *place;                                                                       \
        *place = item;                                                                             \
    }                                                                                              \
    static inline ITEM *NAME##_take(ITEM **place)                                                  \
    {                                                                                              \
        ITEM *item = *place;                                                                       \
        co_ensure(item != NULL);                                                                   \
        *place = item->LINK;                                                                       \
        item->LINK = NULL;                                                                         \
        return item;                                                                               \
    }                                                                                              \
    static inline void NAME##_each(ITEM **buckets, size_t count, void (*act)(ITEM *))              \
    {                                                                                              \
        for (size_t i = 0; i < count; i++)                                                         \
            for (ITEM *item = buckets[i], *next; item; item = next) {                              \
                next = item->LINK;                                                                 \
                act(item);                                                                         \
            }                                                                                      \
    }

#define TABLE_DEFINE_SPREAD(NAME, ITEM, LINK, HASH_OF)                                             \
    static inline void NAME##_spread(struct table_size *size, ITEM ***buckets, size_t most)        \
    {                                                                                              \
        size_t wide = 2 * size->buckets;                                                           \
        if (size->items < size->buckets || wide > most)                                            \
            return;                                                                                \
        ITEM **wider = calloc(wide, sizeof *wider);                                                \
        if (!wider)                                                                                \
            return;                                                                                \
        for (size_t i = 0; i < size->buckets; i++)                                                 \
            for (ITEM *item = (*buckets)[i], *next; item; item = next) {                           \
                next = item->LINK;                                                                 \
                NAME##_put(&wider[HASH_OF(item) & (wide - 1)], item);                              \
            }                                                                                      \
        free(*buckets);                                                                            \
        *buckets = wider;                                                                          \
        size->buckets = wide;                                                                      \
    }

#endif
