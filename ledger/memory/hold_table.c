/* SPDX-License-Identifier: MIT */
/*
 * Invariants
 * - A hold is in the table from hold_table_add() until it is settled and that is durable.
 * - Each open hold that expires is in the heap once; what is settled leaves the heap when it comes
 *   to the top. The heap is ordered by the time of expiry.
 * - heap_room >= open holds + settled ones that the heap still has + room that was given out.
 * - The list of settled holds is in the order of settling.
 * - The list of clearing holds has those that are open and whose `to` is a clearing account.
 */
#include "ledger/memory/hold_table.h"

#include <stdlib.h>

#include "coro/lock.h"
#include "ledger/domain/clearing.h"
#include "ledger/memory/table.h"

enum { FIRST_BUCKETS = 16, MOST_BUCKETS = 16384, FIRST_HEAP = 64 };

/* Apart from the hold, which may be freed while this still waits for its time. */
struct waiting {
    int64_t expires_us;
    uint64_t seq;
};

struct hold_table {
    struct co_lock lock;
    size_t open, given; /* given: room that was asked for and is not used yet */
    struct table_size size;
    struct hold **first;
    struct hold *settled, *last_settled; /* oldest first */
    struct hold *clearing;               /* youngest first */
    struct waiting *heap;
    size_t waiting, heap_room;
};

static inline bool has_seq(const struct hold *hold, uint64_t seq)
{
    return hold->seq == seq;
}

static inline uint64_t seq_of(const struct hold *hold)
{
    return hold->seq;
}

TABLE_DEFINE(table, struct hold, next, uint64_t, has_seq)
TABLE_DEFINE_SPREAD(table, struct hold, next, seq_of)

struct hold_table *hold_table_make(void)
{
    struct hold_table *holds = calloc(1, sizeof *holds);
    if (!holds)
        return NULL;
    holds->size.buckets = FIRST_BUCKETS;
    holds->first = calloc(FIRST_BUCKETS, sizeof(struct hold *));
    if (!holds->first)
        hold_table_free(&holds);
    return holds;
}

static void free_hold(struct hold *hold)
{
    free(hold);
}

void hold_table_free(struct hold_table **holds)
{
    struct hold_table *freed = *holds;
    *holds = NULL;
    if (!freed)
        return;
    if (freed->first)
        table_each(freed->first, freed->size.buckets, free_hold);
    free(freed->first);
    free(freed->heap);
    free(freed);
}

/* ---- the heap (J. Williams, "Algorithm 232: Heapsort", 1964) -------------------------------- */

static void heap_push(struct hold_table *holds, struct waiting waiting)
{
    size_t at = holds->waiting++;
    co_ensure(holds->waiting <= holds->heap_room);
    while (at > 0 && holds->heap[(at - 1) / 2].expires_us > waiting.expires_us) {
        holds->heap[at] = holds->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    holds->heap[at] = waiting;
}

static void heap_pop(struct hold_table *holds)
{
    /* The last one takes the free place at the top, and sinks to where it belongs. */
    struct waiting last = holds->heap[--holds->waiting];
    size_t at = 0, child;
    while ((child = 2 * at + 1) < holds->waiting) {
        if (child + 1 < holds->waiting &&
            holds->heap[child + 1].expires_us < holds->heap[child].expires_us)
            child++;
        if (holds->heap[child].expires_us >= last.expires_us)
            break;
        holds->heap[at] = holds->heap[child];
        at = child;
    }
    holds->heap[at] = last;
}

static bool heap_has_room(struct hold_table *holds)
{
    if (holds->waiting + holds->given < holds->heap_room)
        return true;
    size_t room = holds->heap_room ? 2 * holds->heap_room : FIRST_HEAP;
    struct waiting *heap = realloc(holds->heap, room * sizeof *heap);
    if (!heap)
        return false;
    holds->heap = heap;
    holds->heap_room = room;
    return true;
}

/* ---- the table ----------------------------------------------------------------------------- */

static struct hold **place_of(struct hold_table *holds, uint64_t seq)
{
    return table_place(&holds->first[seq & (holds->size.buckets - 1)], seq);
}

struct hold *hold_table_room(struct hold_table *holds)
{
    /* Memory for the hold and for its place in the heap: in a section nothing may fail any more. */
    struct hold *room = calloc(1, sizeof *room);
    co_lock_take(&holds->lock);
    bool good = room && heap_has_room(holds);
    if (good)
        holds->given++;
    co_lock_drop(&holds->lock);
    if (good)
        return room;
    free(room);
    return NULL;
}

void hold_table_give_back(struct hold_table *holds, struct hold **room)
{
    if (!*room)
        return;
    co_lock_take(&holds->lock);
    holds->given--;
    co_lock_drop(&holds->lock);
    free(*room);
    *room = NULL;
}

static void link_clearing(struct hold_table *holds, struct hold *hold)
{
    hold->prev_clearing = NULL;
    hold->next_clearing = holds->clearing;
    if (hold->next_clearing)
        hold->next_clearing->prev_clearing = hold;
    holds->clearing = hold;
}

static void unlink_clearing(struct hold_table *holds, struct hold *hold)
{
    if (hold->next_clearing)
        hold->next_clearing->prev_clearing = hold->prev_clearing;
    *(hold->prev_clearing ? &hold->prev_clearing->next_clearing : &holds->clearing) =
        hold->next_clearing;
}

void hold_table_add(struct hold_table *holds, struct hold *hold)
{
    bool clears = clearing_is_id(hold->to->id);
    co_lock_take(&holds->lock);
    table_spread(&holds->size, &holds->first, MOST_BUCKETS);
    struct hold **place = place_of(holds, hold->seq);
    co_ensure(!*place && holds->given > 0 && hold->settled == 0);
    table_put(place, hold);
    holds->size.items++;
    holds->given--;
    holds->open++;
    if (hold->expires_us)
        heap_push(holds, (struct waiting){hold->expires_us, hold->seq});
    if (clears)
        link_clearing(holds, hold);
    co_lock_drop(&holds->lock);
}

bool hold_table_find(struct hold_table *holds, uint64_t seq, struct hold *copy)
{
    co_lock_take(&holds->lock);
    const struct hold *hold = *place_of(holds, seq);
    if (hold)
        *copy = *hold;
    co_lock_drop(&holds->lock);
    return hold != NULL;
}

/* Take one out of the table whose end is durable; NULL: there is none. */
static struct hold *forget_one(struct hold_table *holds, uint64_t durable)
{
    struct hold *hold = holds->settled;
    if (!hold || hold->settled > durable)
        return NULL;
    if (!(holds->settled = hold->next_settled))
        holds->last_settled = NULL;
    struct hold *taken = table_take(place_of(holds, hold->seq));
    co_ensure(taken == hold);
    holds->size.items--;
    return hold;
}

void hold_table_settle(struct hold_table *holds, uint64_t seq, uint64_t settled, uint64_t durable)
{
    enum { AT_ONCE = 4 }; /* more leave than come, so the list gets shorter */
    struct hold *forgotten[AT_ONCE] = {NULL};
    co_lock_take(&holds->lock);
    struct hold *hold = *place_of(holds, seq);
    co_ensure(hold && hold->settled == 0);
    hold->settled = settled;
    holds->open--;
    if (clearing_is_id(hold->to->id))
        unlink_clearing(holds, hold);
    *(holds->last_settled ? &holds->last_settled->next_settled : &holds->settled) = hold;
    holds->last_settled = hold;
    for (int i = 0; i < AT_ONCE; i++)
        forgotten[i] = forget_one(holds, durable);
    co_lock_drop(&holds->lock);
    /* Outside of the lock, for free() may take long. */
    for (int i = 0; i < AT_ONCE; i++)
        free(forgotten[i]);
}

bool hold_table_expired(struct hold_table *holds, int64_t now_us, struct hold *copy)
{
    bool found = false;
    co_lock_take(&holds->lock);
    /* What was settled leaves here, when it comes to the top: to find it earlier would be a
     * search. */
    while (!found && holds->waiting > 0 && holds->heap[0].expires_us <= now_us) {
        const struct hold *hold = *place_of(holds, holds->heap[0].seq);
        found = hold && hold->settled == 0;
        if (found)
            *copy = *hold;
        else
            heap_pop(holds);
    }
    co_lock_drop(&holds->lock);
    return found;
}

size_t hold_table_count(struct hold_table *holds)
{
    co_lock_take(&holds->lock);
    size_t count = holds->open;
    co_lock_drop(&holds->lock);
    return count;
}

int64_t hold_table_next(struct hold_table *holds)
{
    co_lock_take(&holds->lock);
    int64_t next_us = holds->waiting > 0 ? holds->heap[0].expires_us : 0;
    co_lock_drop(&holds->lock);
    return next_us;
}

size_t hold_table_waiting(struct hold_table *holds)
{
    co_lock_take(&holds->lock);
    size_t waiting = holds->waiting;
    co_lock_drop(&holds->lock);
    return waiting;
}

size_t hold_table_clearing(struct hold_table *holds, size_t skip, uint64_t *seqs, size_t room)
{
    size_t count = 0, passed = 0;
    co_lock_take(&holds->lock);
    for (const struct hold *hold = holds->clearing; hold && count < room;
         hold = hold->next_clearing)
        if (passed++ >= skip)
            seqs[count++] = hold->seq;
    co_lock_drop(&holds->lock);
    return count;
}
