/* SPDX-License-Identifier: MIT */
#include "ledger/journal/journal_commit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "ledger/journal/journal_private.h"
#include "ledger/notice.h"

enum {
    LAST_TRY_S = 20,              /* how long a stopping journal goes on trying */
    ALL_RECENT_BYTES = 256 << 20, /* of the entries that all journals keep in memory */
};

/* ---- taking -------------------------------------------------------------------------------- */

static bool is_ours(struct journal *journal)
{
    return atomic_load(&journal->store->claim.standing) == LEASE_OURS;
}

static bool gives_up(struct journal *journal)
{
    int64_t since_ns = atomic_load(&journal->stopping_ns);
    return since_ns != 0 && co_clock_now_ns() - since_ns > LAST_TRY_S * CO_CLOCK_S;
}

bool journal_goes_on(struct journal *journal)
{
    return is_ours(journal) && !gives_up(journal);
}

bool journal_abandons(struct journal *journal)
{
    return atomic_load(&journal->store->claim.standing) >= LEASE_FENCED || gives_up(journal);
}

static bool has_queue(struct journal *journal)
{
    co_lock_take(&journal->lock);
    bool has = journal->first != NULL;
    co_lock_drop(&journal->lock);
    return has;
}

bool journal_is_drained(struct journal *journal)
{
    /* In this order: nothing is appended once it is to stop. */
    return atomic_load(&journal->stopping_ns) != 0 && !has_queue(journal);
}

bool journal_waits(struct journal *journal)
{
    return atomic_load(&journal->stopping_ns) != 0 || has_queue(journal);
}

/* Unlink what waits, up to a full batch and the end of the group that it falls into. */
static struct entry *take_queue(struct journal *journal, struct journal_load *load)
{
    uint64_t entries = 1, bytes = 0;
    co_lock_take(&journal->lock);
    struct entry *first = journal->first, *last = first;
    if (first) {
        /* Entries that are linked go together, however many they are. */
        bytes = first->size;
        while (last->linked ||
               (entries < load->entries && bytes < load->bytes && last->next_in_batch)) {
            last = last->next_in_batch;
            bytes += last->size;
            entries++;
        }

        /* What stays in the queue begins behind them. */
        journal->first = last->next_in_batch;
        if (!journal->first)
            journal->last = NULL;
        last->next_in_batch = NULL;
    }
    co_lock_drop(&journal->lock);
    *load = (struct journal_load){entries, bytes};
    return first;
}

bool journal_take(struct journal *journal, struct journal_load *load, struct batch *batch)
{
    const struct store *store = journal->store;
    *batch = (struct batch){.ledger = store->ledger,
        .epoch = store->epoch,
        .number = store->batch + 1,
        .first = take_queue(journal, load)};
    memcpy(batch->before, store->hash, sizeof batch->before);
    return batch->first != NULL;
}

/* ---- what could not be committed ----------------------------------------------------------- */

/* Put it back in front: it stays decided, and is freed with the rest. */
static void return_queue(struct journal *journal, struct entry *first)
{
    struct entry *last = first;
    while (last->next_in_batch)
        last = last->next_in_batch;
    co_lock_take(&journal->lock);
    last->next_in_batch = journal->first;
    journal->first = first;
    if (!journal->last)
        journal->last = last;
    co_lock_drop(&journal->lock);
}

void journal_return(
    struct journal *journal, const struct batch *batch, enum transaction_fate fate, const char *why)
{
    struct lease_claim *claim = &journal->store->claim;
    char refused[2 * LEASE_WHY];
    snprintf(refused, sizeof refused, "the database refused a batch: %s", why);
    return_queue(journal, batch->first);
    if (fate == TRANSACTION_FENCED)
        lease_degrade(claim, LEASE_FENCED, why);
    else if (fate == TRANSACTION_LOST)
        lease_degrade(claim, LEASE_LOST, why);
    else if (fate == TRANSACTION_STOPPED)
        lease_degrade(claim, LEASE_STOPPED, why);
    else if (fate == TRANSACTION_REFUSED)
        lease_degrade(claim, LEASE_STOPPED, refused);
}

/* One lost session does not mean that the database is away. */
void journal_note_failures(struct journal *journal, int failures, const char *why)
{
    bool away = failures > 1;
    if (failures > 0) {
        co_lock_take(&journal->lock);
        journal->figures.retried_batches++;
        co_lock_drop(&journal->lock);
    }
    if (failures == 1 || atomic_load(&journal->recovering) == away ||
        atomic_exchange(&journal->recovering, away) == away)
        return;
    if (away)
        notice(NOTICE_TROUBLE, "ledger %s recovering: %s", journal->store->claim.name, why);
    else
        notice(NOTICE_INFO, "ledger %s running again", journal->store->claim.name);
}

/* ---- what was ------------------------------------------------------------------------------ */

/* Under the lock: place for twice as many, unless that is the most, or memory is short. */
static void widen_recent(struct journal *journal)
{
    uint64_t room = journal->recent_room, wide = 2 * room;
    struct entry **wider = room < JOURNAL_RECENT ? calloc(wide, sizeof(struct entry *)) : NULL;
    if (!wider)
        return;
    for (uint64_t seq = journal->recent_from; seq < journal->recent_from + room; seq++)
        wider[seq % wide] = journal->recent[seq % room];
    free(journal->recent);
    journal->recent = wider;
    journal->recent_room = wide;
}

/* Under the lock: take out the oldest of the entries that readers look at first, if the next one
 * would be too much with it; NULL: there is room. */
static struct entry *make_room(struct journal *journal, const struct entry *next)
{
    /* Of many ledgers each has a share of what all may have. */
    uint64_t share = ALL_RECENT_BYTES / (atomic_load(&journal->gathering->members_now) + 1);
    uint64_t room = share < JOURNAL_RECENT_BYTES ? share : JOURNAL_RECENT_BYTES;
    bool fits = journal->recent_bytes + next->size <= room;
    if (fits && next->seq - journal->recent_from == journal->recent_room)
        widen_recent(journal);
    if (next->seq == journal->recent_from ||
        (fits && next->seq - journal->recent_from < journal->recent_room))
        return NULL;
    struct entry **place = &journal->recent[journal->recent_from % journal->recent_room];
    struct entry *oldest = *place;
    *place = NULL;
    journal->recent_from++;
    journal->recent_bytes -= oldest->size;
    return oldest;
}

/* Put a durable entry where readers look first. What has to leave is the database's from now on. */
static void remember(struct journal *journal, struct entry *entry)
{
    for (bool placed = false; !placed;) {
        /* A large entry may have to push out several others, one a turn. */
        co_lock_take(&journal->lock);
        struct entry *oldest = make_room(journal, entry);
        placed = !oldest;
        if (placed) {
            journal->recent[entry->seq % journal->recent_room] = entry;
            journal->recent_bytes += entry->size;
            journal->queued_bytes -= entry->size;
            atomic_fetch_sub_explicit(
                &journal->gathering->queued_bytes, entry->size, memory_order_relaxed);
        }
        co_lock_drop(&journal->lock);

        /* Outside the lock: the table of keys has one of its own. */
        if (oldest && oldest->key)
            keys_retire(journal->keys, oldest);
        entry_drop(&oldest);
    }
}

/* Readers that are woken must find the entries: so these are placed first. Returns the time of the
 * last. */
static int64_t remember_all(struct journal *journal, struct entry *first)
{
    int64_t last_us = first->at_us;
    for (struct entry *entry = first, *next; entry; entry = next) {
        next = entry->next_in_batch;
        last_us = entry->at_us;
        remember(journal, entry);
    }
    return last_us;
}

/* From here on the next batch follows this one. */
static void acknowledge(struct store *store, const struct batch *batch)
{
    store->batch = batch->number;
    memcpy(store->hash, batch->hash, sizeof store->hash);
    store_acknowledge(store, batch->last_seq);
}

void journal_publish(
    struct journal *journal, const struct batch *batch, uint64_t count, int64_t took_ns)
{
    struct ledger_figures *figures = &journal->figures;
    acknowledge(journal->store, batch);
    atomic_fetch_add_explicit(&journal->gathering->written, count, memory_order_relaxed);
    int64_t last_us = remember_all(journal, batch->first);
    size_t bucket = 0, buckets = sizeof figures->commit_le / sizeof figures->commit_le[0];
    while (bucket < buckets - 1 && took_ns > (CO_CLOCK_MS / 4) << bucket)
        bucket++;
    size_t size = 0, sizes = sizeof figures->batch_le / sizeof figures->batch_le[0];
    while (size < sizes - 1 && count > UINT64_C(1) << size)
        size++;
    co_lock_take(&journal->lock);
    journal->queued -= count;
    journal->durable_us = last_us;
    figures->committed_entries += count;
    figures->last_batch_entries = count;
    figures->commit_count++;
    figures->commit_ns_total += (uint64_t)took_ns;
    figures->commit_le[bucket]++;
    figures->last_commit_ns = (uint64_t)took_ns;
    figures->batch_le[size]++;
    figures->batches = journal->store->batch;
    memcpy(figures->chain, journal->store->hash, sizeof figures->chain);
    figures->chain_seq = batch->last_seq;
    co_lock_drop(&journal->lock);

    /* From here on the answers that rest on these entries go out. */
    co_eventcount_advance(&journal->durable, batch->last_seq);
}

void journal_end(struct journal *journal)
{
    co_eventcount_close(&journal->durable);
    co_waitgroup_done(&journal->committer);
}
