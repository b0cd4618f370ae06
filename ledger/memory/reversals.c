/* SPDX-License-Identifier: MIT */
/*
 * Invariants
 * - A reversal is in the table until it is durable, and may stay a while longer.
 * - `forgotten` is the highest position of a reversal that has left: if nothing above `asked` has
 *   left, then what the database did not have at `asked` is either in the table or was never done.
 */
#include "ledger/memory/reversals.h"

#include <stdlib.h>

#include "coro/lock.h"

enum { BUCKETS = 4096 };

struct reversals {
    struct lock lock;
    uint64_t forgotten;
    struct reversal *first[BUCKETS];
    struct reversal *oldest, *newest;
};

struct reversals *reversals_make(void)
{
    return calloc(1, sizeof(struct reversals));
}

void reversals_free(struct reversals **reversals)
{
    struct reversals *freed = *reversals;
    *reversals = NULL;
    if (!freed)
        return;
    for (struct reversal *reversal = freed->oldest, *newer; reversal; reversal = newer) {
        newer = reversal->newer;
        free(reversal);
    }
    free(freed);
}

static struct reversal **place_of(struct reversals *reversals, uint64_t transfer)
{
    struct reversal **place = &reversals->first[transfer % BUCKETS];
    while (*place && (*place)->transfer != transfer)
        place = &(*place)->next;
    return place;
}

enum reversals_found reversals_find(
    struct reversals *reversals, uint64_t transfer, uint64_t asked, uint64_t *by)
{
    enum reversals_found found = REVERSALS_NONE;
    lock_take(&reversals->lock);
    const struct reversal *reversal = *place_of(reversals, transfer);
    if (reversal) {
        *by = reversal->by;
        found = REVERSALS_DONE;
    } else if (reversals->forgotten > asked) {
        found = REVERSALS_ASK;
    }
    lock_drop(&reversals->lock);
    return found;
}

/* Take the oldest out if it is durable; NULL: it is not, or there is none. */
static struct reversal *forget_one(struct reversals *reversals, uint64_t durable)
{
    struct reversal *reversal = reversals->oldest;
    if (!reversal || reversal->by > durable)
        return NULL;
    if (!(reversals->oldest = reversal->newer))
        reversals->newest = NULL;
    struct reversal **place = place_of(reversals, reversal->transfer);
    ensure(*place == reversal);
    *place = reversal->next;
    if (reversals->forgotten < reversal->by)
        reversals->forgotten = reversal->by;
    return reversal;
}

void reversals_add(struct reversals *reversals, struct reversal *reversal, uint64_t durable)
{
    enum { AT_ONCE = 4 }; /* more than one comes, so the table gets smaller */
    struct reversal *forgotten[AT_ONCE];
    lock_take(&reversals->lock);
    struct reversal **place = place_of(reversals, reversal->transfer);
    ensure(!*place);
    reversal->next = reversal->newer = NULL;
    *place = reversal;
    *(reversals->newest ? &reversals->newest->newer : &reversals->oldest) = reversal;
    reversals->newest = reversal;
    for (int i = 0; i < AT_ONCE; i++)
        forgotten[i] = forget_one(reversals, durable);
    lock_drop(&reversals->lock);
    for (int i = 0; i < AT_ONCE; i++)
        free(forgotten[i]);
}
