/* SPDX-License-Identifier: MIT */
/*
 * Invariants
 * - For each key at most one entry is in the table.
 * - A key that was ever used by an entry with a seq is in the table or in the filter, or it is an
 *   old one and `recalling` is set. It moves from the table to the filter in one step, under the
 *   lock.
 * - retired_seq is the highest seq that has left the table. A key that the database did not have
 *   when everything up to `asked` was durable is unused as long as retired_seq <= asked: had it
 *   been used since, its entry would still be in the table.
 */
#include "ledger/memory/keys.h"

#include <stdlib.h>
#include <string.h>

#include "coro/lock.h"
#include "ledger/memory/filter.h"
#include "ledger/memory/segment.h"
#include "ledger/memory/table.h"

enum { FIRST_BUCKETS = 64, MOST_BUCKETS = 65536 };

struct keys {
    uint8_t secret[HASH_SECRET];
    struct co_lock lock;
    bool recalling; /* the filter does not have all old keys yet */
    uint64_t retired_seq;
    struct filter old;
    struct table_size size;
    struct entry **first;
};

struct keys *keys_make(const uint8_t secret[HASH_SECRET])
{
    struct keys *keys = calloc(1, sizeof *keys);
    if (!keys)
        return NULL;
    memcpy(keys->secret, secret, sizeof keys->secret);
    keys->size.buckets = FIRST_BUCKETS;
    keys->first = calloc(FIRST_BUCKETS, sizeof(struct entry *));
    if (!keys->first)
        keys_free(&keys);
    return keys;
}

void keys_free(struct keys **keys)
{
    struct keys *freed = *keys;
    *keys = NULL;
    if (!freed)
        return;
    filter_free(&freed->old);
    free(freed->first);
    free(freed);
}

/* A key as it is looked for. */
struct wanted {
    uint64_t hash;
    const char *text;
};

static inline bool has_key(const struct entry *entry, struct wanted wanted)
{
    return entry->key_hash == wanted.hash &&
           (entry->key == wanted.text || strcmp(entry->key, wanted.text) == 0);
}

static inline uint64_t hash_of_entry(const struct entry *entry)
{
    return entry->key_hash;
}

TABLE_DEFINE(table, struct entry, next_of_key, struct wanted, has_key)
TABLE_DEFINE_SPREAD(table, struct entry, next_of_key, hash_of_entry)

/* Under the lock. */
static struct entry **place_of(struct keys *keys, struct wanted wanted)
{
    return table_place(&keys->first[wanted.hash & (keys->size.buckets - 1)], wanted);
}

static uint64_t hash_of(const struct keys *keys, const char *key)
{
    return hash_text_with(keys->secret, key, strlen(key));
}

const uint8_t *keys_secret(const struct keys *keys)
{
    return keys->secret;
}

struct entry *keys_find(struct keys *keys, const char *key)
{
    const struct wanted wanted = {hash_of(keys, key), key};
    co_lock_take(&keys->lock);
    struct entry *entry = *place_of(keys, wanted);
    if (entry)
        entry_hold(entry);
    co_lock_drop(&keys->lock);
    return entry;
}

bool keys_may_be_old(struct keys *keys, const char *key)
{
    uint64_t hash = hash_of(keys, key);
    co_lock_take(&keys->lock);
    bool perhaps = keys->recalling || filter_perhaps(&keys->old, hash & SEGMENT_KEPT);
    co_lock_drop(&keys->lock);
    return perhaps;
}

enum keys_claim keys_claim(
    struct keys *keys, struct entry *entry, uint64_t asked, struct entry **first)
{
    uint64_t hash = entry->key_hash = hash_of(keys, entry->key);
    enum keys_claim answer = KEYS_CLAIMED;
    co_lock_take(&keys->lock);
    table_spread(&keys->size, &keys->first, MOST_BUCKETS);
    struct entry **place = place_of(keys, (struct wanted){hash, entry->key});

    /* Here; perhaps an old one, unless the database was asked late enough; or new. */
    if (*place) {
        *first = entry_hold(*place);
        answer = KEYS_TAKEN;
    } else if ((keys->recalling || filter_perhaps(&keys->old, hash & SEGMENT_KEPT)) &&
               (asked == 0 || keys->retired_seq > asked)) {
        answer = KEYS_ASK;
    } else {
        table_put(place, entry);
        keys->size.items++;
    }
    co_lock_drop(&keys->lock);
    return answer;
}

static void unlink_entry(struct keys *keys, struct entry *entry)
{
    struct entry *taken = table_take(place_of(keys, (struct wanted){entry->key_hash, entry->key}));
    co_ensure(taken == entry);
    keys->size.items--;
}

void keys_give_up(struct keys *keys, struct entry *entry)
{
    co_lock_take(&keys->lock);
    unlink_entry(keys, entry);
    co_lock_drop(&keys->lock);
    co_eventcount_advance(&entry->decided, 1);
}

void keys_retire(struct keys *keys, struct entry *entry)
{
    co_lock_take(&keys->lock);
    /* Without a single level of filter the entry stays in the table: slower, still right. */
    if (filter_add(&keys->old, entry->key_hash & SEGMENT_KEPT)) {
        unlink_entry(keys, entry);
        if (keys->retired_seq < entry->seq)
            keys->retired_seq = entry->seq;
    } else {
        entry_hold(entry);
    }
    co_lock_drop(&keys->lock);
}

void keys_recall(struct keys *keys)
{
    co_lock_take(&keys->lock);
    keys->recalling = true;
    co_lock_drop(&keys->lock);
}

void keys_expect(struct keys *keys, uint64_t count)
{
    co_lock_take(&keys->lock);
    if (keys->old.levels == 0)
        (void)filter_expect(&keys->old, count);
    co_lock_drop(&keys->lock);
}

bool keys_restore(struct keys *keys, const uint64_t *hashes, size_t count)
{
    bool added = true;
    co_lock_take(&keys->lock);
    for (size_t i = 0; i < count && added; i++)
        added = filter_add(&keys->old, hashes[i]);
    co_lock_drop(&keys->lock);
    return added;
}

void keys_recalled(struct keys *keys)
{
    co_lock_take(&keys->lock);
    keys->recalling = false;
    co_lock_drop(&keys->lock);
}
