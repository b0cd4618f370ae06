/* SPDX-License-Identifier: MIT */
/*
 * Invariants
 * - A reversal is in the table until it is durable, and may stay a while longer.
 * - `forgotten` is the highest position of a reversal that has left: if nothing above `asked` has
 *   left, then what the database did not have at `asked` is either in the table or was never done.
 */
#include "ledger/memory/reversal_table.h"

#include <stdlib.h>

#include "coro/lock.h"
#include "ledger/memory/table.h"

enum { FIRST_BUCKETS = 16, MOST_BUCKETS = 4096 };

struct reversal_table {
    struct co_lock lock;
    uint64_t forgotten;
    struct table_size size;
    struct reversal **first;
    struct reversal *oldest, *newest;
};

static inline bool is_of(const struct reversal *reversal, uint64_t transfer)
{
    return reversal->transfer == transfer;
}

static inline uint64_t transfer_of(const struct reversal *reversal)
{
    return reversal->transfer;
}

TABLE_DEFINE(table, struct reversal, next, uint64_t, is_of)
TABLE_DEFINE_SPREAD(table, struct reversal, next, transfer_of)

struct reversal_table *reversal_table_make(void)
{
    struct reversal_table *reversals = calloc(1, sizeof *reversals);
    if (!reversals)
        return NULL;
    reversals->size.buckets = FIRST_BUCKETS;
    reversals->first = calloc(FIRST_BUCKETS, sizeof(struct reversal *));
    if (!reversals->first)
        reversal_table_free(&reversals);
    return reversals;
}

void reversal_table_free(struct reversal_table **reversals)
{
    struct reversal_table *freed = *reversals;
    *reversals = NULL;
    if (!freed)
        return;
    for (struct reversal *reversal = freed->oldest, *newer; reversal; reversal = newer) {
        newer = reversal->newer;
        free(reversal);
    }
    free(freed->first);
    free(freed);
}

static struct reversal **place_of(struct reversal_table *reversals, uint64_t transfer)
{
    return table_place(&reversals->first[transfer & (reversals->size.buckets - 1)], transfer);
}

enum reversal_table_found reversal_table_find(
    struct reversal_table *reversals, uint64_t transfer, uint64_t asked, uint64_t *by)
{
    enum reversal_table_found found = REVERSALS_NONE;
    co_lock_take(&reversals->lock);
    /* Not here: it may be one that has left since the database was asked. */
    const struct reversal *reversal = *place_of(reversals, transfer);
    if (reversal) {
        *by = reversal->by;
        found = REVERSALS_DONE;
    } else if (reversals->forgotten > asked) {
        found = REVERSALS_ASK;
    }
    co_lock_drop(&reversals->lock);
    return found;
}

/* Take the oldest out if it is durable; NULL: it is not, or there is none. */
static struct reversal *forget_one(struct reversal_table *reversals, uint64_t durable)
{
    struct reversal *reversal = reversals->oldest;
    if (!reversal || reversal->by > durable)
        return NULL;
    if (!(reversals->oldest = reversal->newer))
        reversals->newest = NULL;
    struct reversal *taken = table_take(place_of(reversals, reversal->transfer));
    co_ensure(taken == reversal);
    reversals->size.items--;
    if (reversals->forgotten < reversal->by)
        reversals->forgotten = reversal->by;
    return reversal;
}

void reversal_table_add(
    struct reversal_table *reversals, struct reversal *reversal, uint64_t durable)
{
    enum { AT_ONCE = 4 }; /* more leave than come, so the table gets smaller */
    struct reversal *forgotten[AT_ONCE];
    co_lock_take(&reversals->lock);
    table_spread(&reversals->size, &reversals->first, MOST_BUCKETS);
    struct reversal **place = place_of(reversals, reversal->transfer);
    co_ensure(!*place);
    table_put(place, reversal);
    reversals->size.items++;
    reversal->newer = NULL;
    *(reversals->newest ? &reversals->newest->newer : &reversals->oldest) = reversal;
    reversals->newest = reversal;
    for (int i = 0; i < AT_ONCE; i++)
        forgotten[i] = forget_one(reversals, durable);
    co_lock_drop(&reversals->lock);
    for (int i = 0; i < AT_ONCE; i++)
        free(forgotten[i]);
}
