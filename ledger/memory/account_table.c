/* SPDX-License-Identifier: MIT */
/*
 * Invariants
 * - An account is added once and never moves or leaves before the table does.
 * - A shard's buckets are changed under its lock only; accounts of an id are all in the shard
 *   that the hash of the id names.
 * - by_number has the account of number n, or NULL, in the chunk and at the place that find_place()
 *   names; chunks only come, each as large as all before it.
 */
#include "ledger/memory/account_table.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "coro/lock.h"
#include "ledger/domain/hash.h"
#include "ledger/failpoint.h"
#include "ledger/memory/table.h"

/* Many shards, so that two look-ups seldom meet at a lock. */
enum { SHARDS = 64, FIRST_BUCKETS = 2, FIRST_SLAB = 512, LAST_SLAB = 65536 };
enum { FIRST_CHUNK = 64, CHUNKS = 23, NUMBERS = FIRST_CHUNK << (CHUNKS - 1) };
_Static_assert(NUMBERS - 1 == ACCOUNT_TABLE_MAX, "each number has a place");
enum { METADATA_MAX = 64 << 20 };

/* Accounts side by side: they never leave, so nothing is ever given back. Each slab of a shard is
 * twice as large as the one before, up to a bound. */
struct slab {
    struct slab *before;
    size_t size; /* of what follows */
    _Alignas(struct account) char bytes[];
};

struct shard {
    struct co_lock lock;
    size_t count, buckets; /* buckets: a power of two */
    struct account **first;
    struct slab *newest;
    size_t used; /* bytes of the newest slab */
};

/* Read without a lock, as each row of the database is looked up by number. */
typedef _Atomic(struct account *) slot;

struct account_table {
    struct shard shards[SHARDS];
    _Atomic uint64_t last_number;
    _Atomic uint32_t added;
    _Atomic size_t metadata_size; /* of all that is kept here */
    _Atomic(slot *) by_number[CHUNKS];
};

static inline bool has_id(const struct account *account, const char *id)
{
    return strcmp(account->id, id) == 0;
}

TABLE_DEFINE(table, struct account, next, const char *, has_id)

struct account_table *account_table_make(void)
{
    hash_init();
    return calloc(1, sizeof(struct account_table));
}

static void drop_metadata(struct account *account)
{
    union {
        const char *kept;
        char *freed;
    } metadata = {.kept = atomic_load(&account->metadata)};
    /* The text that stands for "in the database" is not ours. */
    if (metadata.kept != account_far)
        free(metadata.freed);
}

static void shard_free(struct shard *shard)
{
    table_each(shard->first, shard->buckets, drop_metadata);
    for (struct slab *slab = shard->newest, *before; slab; slab = before) {
        before = slab->before;
        free(slab);
    }
    free(shard->first);
}

void account_table_free(struct account_table **table)
{
    struct account_table *freed = *table;
    *table = NULL;
    if (!freed)
        return;
    for (size_t i = 0; i < SHARDS; i++)
        shard_free(&freed->shards[i]);
    for (size_t i = 0; i < CHUNKS; i++)
        free(atomic_load(&freed->by_number[i]));
    free(freed);
}

static struct account **bucket_of(struct shard *shard, uint64_t hash)
{
    return &shard->first[hash & (shard->buckets - 1)];
}

static struct account *shard_find(struct shard *shard, uint64_t hash, const char *id)
{
    return shard->buckets == 0 ? NULL : *table_place(bucket_of(shard, hash), id);
}

/* The lowest part of the hash picks the shard, what is above it the bucket: independent choices. */
static struct shard *shard_of(struct account_table *table, const char *id, uint64_t *hash)
{
    uint64_t whole = hash_text(id, strlen(id));
    *hash = whole / SHARDS;
    return &table->shards[whole % SHARDS];
}

struct account *account_find(struct account_table *table, const char *id)
{
    uint64_t hash;
    struct shard *shard = shard_of(table, id, &hash);
    co_lock_take(&shard->lock);
    struct account *account = shard_find(shard, hash, id);
    co_lock_drop(&shard->lock);
    return account;
}

/* The old buckets stay until there are new ones. Accounts do not keep their hash: they are many,
 * and this is rare. */
static bool shard_resize(struct shard *shard, size_t buckets)
{
    struct account **first = calloc(buckets, sizeof *first);
    if (!first)
        return false;
    for (size_t i = 0; i < shard->buckets; i++)
        for (struct account *account = shard->first[i], *next; account; account = next) {
            next = account->next;
            uint64_t hash = hash_text(account->id, strlen(account->id)) / SHARDS;
            table_put(&first[hash & (buckets - 1)], account);
        }
    free(shard->first);
    shard->first = first;
    shard->buckets = buckets;
    return true;
}

/* Twice the buckets once there are as many accounts; the chains stay short. */
static bool shard_has_room(struct shard *shard)
{
    return shard->count < shard->buckets ||
           shard_resize(shard, shard->buckets ? shard->buckets * 2 : FIRST_BUCKETS);
}

bool account_table_expect(struct account_table *table, uint64_t count)
{
    size_t buckets = FIRST_BUCKETS;
    bool done = true;
    while (buckets * SHARDS < count && buckets * SHARDS < NUMBERS)
        buckets *= 2;
    for (size_t i = 0; i < SHARDS && done; i++) {
        co_lock_take(&table->shards[i].lock);
        done = shard_resize(&table->shards[i], buckets);
        co_lock_drop(&table->shards[i].lock);
    }
    return done;
}

static bool add_slab(struct shard *shard)
{
    size_t size = shard->newest ? 2 * shard->newest->size : FIRST_SLAB;
    if (size > LAST_SLAB)
        size = LAST_SLAB;
    struct slab *slab = calloc(1, sizeof *slab + size);
    if (!slab)
        return false;
    slab->before = shard->newest;
    slab->size = size;
    shard->newest = slab;
    shard->used = 0;
    return true;
}

/* A fresh account in the newest slab. NULL: memory is short. */
static struct account *shard_make(struct shard *shard, const char *id)
{
    size_t align = _Alignof(struct account);
    size_t size = offsetof(struct account, id) + strlen(id) + 1;
    size = (size + align - 1) / align * align;
    if ((!shard->newest || shard->newest->size - shard->used < size) && !add_slab(shard))
        return NULL;
    /* What is left of the slab before stays unused: that is less than one account. */
    struct account *account = (struct account *)(void *)(shard->newest->bytes + shard->used);
    shard->used += size;
    account->asset = "";
    strcpy(account->id, id);
    return account;
}

struct account *account_find_or_add(struct account_table *table, const char *id)
{
    co_ensure(account_id_is_valid(id));
    uint64_t hash;
    struct shard *shard = shard_of(table, id, &hash);
    co_lock_take(&shard->lock);
    struct account *account = shard_find(shard, hash, id);
    if (!account && shard_has_room(shard) && (account = shard_make(shard, id))) {
        account->place = atomic_fetch_add(&table->added, 1);
        table_put(bucket_of(shard, hash), account);
        shard->count++;
    }
    co_lock_drop(&shard->lock);
    return account;
}

/* Where the account of a number is: the chunk, how many that one has, and the place in it. */
struct place {
    size_t chunk, size, at;
};

static struct place find_place(uint64_t number)
{
    if (number < FIRST_CHUNK)
        return (struct place){0, FIRST_CHUNK, number};
    size_t chunk = 1 + 63 - (size_t)__builtin_clzll(number / FIRST_CHUNK);
    size_t size = (size_t)FIRST_CHUNK << (chunk - 1);
    return (struct place){chunk, size, number - size};
}

/* The chunk that place is in, made if there was none. NULL: memory is short. */
static slot *make_chunk(struct account_table *table, struct place where)
{
    _Atomic(slot *) *place = &table->by_number[where.chunk];
    slot *chunk = atomic_load(place);
    if (chunk)
        return chunk;
    slot *made = calloc(where.size, sizeof *made);
    /* Another worker may have been faster: its chunk counts. */
    if (made && !atomic_compare_exchange_strong(place, &chunk, made)) {
        free(made);
        return chunk;
    }
    return made;
}

bool account_renumber(struct account_table *table, struct account *account, uint64_t number)
{
    if (number >= NUMBERS)
        return false;
    struct place place = find_place(number);
    slot *chunk = make_chunk(table, place);
    if (!chunk)
        return false;
    co_ensure(atomic_load(&chunk[place.at]) == NULL);
    account->number = (uint32_t)number;
    atomic_store(&chunk[place.at], account);
    /* The database's numbers come in any order. */
    uint64_t last = atomic_load(&table->last_number);
    while (last < number && !atomic_compare_exchange_weak(&table->last_number, &last, number))
        ;
    return true;
}

/* A number is given once; if memory is short it stays unused. */
bool account_number(struct account_table *table, struct account *account)
{
    uint64_t last = atomic_load(&table->last_number);
    do {
        if (last + 1 >= NUMBERS)
            return false;
    } while (!atomic_compare_exchange_weak(&table->last_number, &last, last + 1));
    return account_renumber(table, account, last + 1);
}

bool account_table_is_full(struct account_table *table)
{
    return account_count(table) + 1 >= NUMBERS;
}

struct account *account_by_number(struct account_table *table, uint64_t number)
{
    if (number >= NUMBERS)
        return NULL;
    struct place place = find_place(number);
    slot *chunk = atomic_load(&table->by_number[place.chunk]);
    return chunk ? atomic_load(&chunk[place.at]) : NULL;
}

void account_keep_metadata(
    struct account_table *table, struct account *account, const char *metadata)
{
    size_t size = strlen(metadata) + 1;
    const char *far = account_far;
    if (failpoint("account.metadata"))
        return;
    /* Taken first and given back if it was too much, so that two cannot both have the last of
     * it. */
    bool room = atomic_fetch_add(&table->metadata_size, size) + size <= METADATA_MAX;
    char *copy = room ? strdup(metadata) : NULL;
    if (copy && atomic_compare_exchange_strong(&account->metadata, &far, copy))
        return;
    free(copy);
    atomic_fetch_sub(&table->metadata_size, size);
}

uint64_t account_count(struct account_table *table)
{
    return atomic_load(&table->last_number);
}
