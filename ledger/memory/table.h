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
 * They are compiled for the type, so that they cost what such a loop costs that is written by hand.
 */
#ifndef LEDGER_MEMORY_TABLE_H
#define LEDGER_MEMORY_TABLE_H

#include <stddef.h>

#include "coro/ensure.h"

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

#endif
