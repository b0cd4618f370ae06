/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "ledger/failpoint.h"
#include "ledger/journal/journal_private.h"
#include "ledger/notice.h"

enum {
    /* One database transaction, in entries and in bytes: it is full with what passes either. */
    BATCH_MAX = 8192,
    BATCH_BYTES = 4 << 20,
    LOOK_MS = 250, /* when nothing is written, look this often whether the ledger still is ours */
    TURN_LOOK_MS = 20,
    RETRY_FIRST_MS = 2,
    RETRY_LAST_MS = 200,
    LAST_TRY_S = 20, /* how long a stopping journal goes on trying */
};

/* Unlink what waits, up to a full batch and the end of the group that it falls into. */
static struct entry *take_queue(struct journal *journal, uint64_t *count)
{
    co_lock_take(&journal->lock);
    /* Entries that are linked go together, however many they are. */
    struct entry *first = journal->first, *last = first;
    uint64_t bytes = first->size;
    *count = 1;
    while (last->linked || (*count < BATCH_MAX && bytes < BATCH_BYTES && last->next_in_batch)) {
        last = last->next_in_batch;
        bytes += last->size;
        (*count)++;
    }

    /* What stays in the queue begins behind them. */
    journal->first = last->next_in_batch;
    if (!journal->first)
        journal->last = NULL;
    last->next_in_batch = NULL;
    co_lock_drop(&journal->lock);
    return first;
}

/* Put back what could not be committed, in front: it stays decided, and is freed with the rest. */
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

static bool gives_up(struct journal *journal)
{
    int64_t since_ns = atomic_load(&journal->stopping_ns);
    return since_ns != 0 && co_clock_now_ns() - since_ns > LAST_TRY_S * CO_CLOCK_S;
}

/* The n-th try in a row failed (0: one went well). One lost session does not mean that the database
 * is away. */
static void note_failures(struct journal *journal, int failures)
{
    bool away = failures > 1;
    if (failures == 1 || atomic_exchange(&journal->recovering, away) == away)
        return;
    if (away)
        notice(NOTICE_TROUBLE, "ledger %s recovering: %s", journal->store->claim.name,
            journal->store->problem);
    else
        notice(NOTICE_INFO, "ledger %s running again", journal->store->claim.name);
}

/* Nothing more is written here. */
static bool end(struct journal *journal, enum lease_standing standing)
{
    lease_degrade(&journal->store->claim, standing, journal->store->problem);
    return false;
}

/* Another server has it, or may have: whether the batch got in is not ours to find out. */
static bool is_over(struct journal *journal)
{
    return atomic_load(&journal->store->claim.standing) >= LEASE_FENCED;
}

/* The batch itself is wrong. */
static bool refuse(struct journal *journal)
{
    char why[2 * LEASE_WHY];
    snprintf(why, sizeof why, "the database refused a batch: %s", journal->store->problem);
    lease_degrade(&journal->store->claim, LEASE_STOPPED, why);
    return false;
}

/* The same batch, until its fate is known. False: it will not be, here. */
static bool commit(struct journal *journal, const struct store_batch *batch)
{
    int64_t wait_ms = RETRY_FIRST_MS;
    for (int failures = 1;; failures++) {
        atomic_fetch_add(&journal->turns, 1);
        switch (store_commit(journal->writing, journal->store, batch)) {
        case STORE_COMMITTED:
            note_failures(journal, 0);
            return true;
        case STORE_RETRY:
            note_failures(journal, failures);
            break;
        case STORE_FENCED:
            return end(journal, LEASE_FENCED);
        case STORE_LOST:
            return end(journal, LEASE_LOST);
        case STORE_STOPPED:
            return end(journal, LEASE_STOPPED);
        case STORE_REFUSED:
            return refuse(journal);
        }

        /* The outcome is open: the same batch again, later each time. */
        if (gives_up(journal) || is_over(journal))
            return false;
        co_lock_take(&journal->lock);
        journal->figures.retried_batches++;
        co_lock_drop(&journal->lock);
        co_sleep(wait_ms * CO_CLOCK_MS);
        wait_ms = wait_ms < RETRY_LAST_MS ? wait_ms * 2 : wait_ms;
        failpoint("batch.again");
    }
}

/* Under the lock: take out the oldest of the entries that readers look at first, if the next one
 * would be too much with it; NULL: there is room. */
static struct entry *make_room(struct journal *journal, const struct entry *next)
{
    if (next->seq == journal->recent_from ||
        (next->seq - journal->recent_from < JOURNAL_RECENT &&
            journal->recent_bytes + next->size <= JOURNAL_RECENT_BYTES))
        return NULL;
    struct entry **place = &journal->recent[journal->recent_from % JOURNAL_RECENT];
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
            journal->recent[entry->seq % JOURNAL_RECENT] = entry;
            journal->recent_bytes += entry->size;
            journal->queued_bytes -= entry->size;
        }
        co_lock_drop(&journal->lock);

        /* Outside the lock: the table of keys has one of its own. */
        if (oldest && oldest->key)
            keys_retire(journal->keys, oldest);
        entry_drop(&oldest);
    }
}

static void publish(struct journal *journal, struct entry *first, uint64_t count, int64_t took_ns)
{
    /* Readers that are woken must find the entries: so these are placed first. */
    struct ledger_figures *figures = &journal->figures;
    uint64_t last_seq = first->seq + count - 1;
    int64_t last_us = first->at_us;
    for (struct entry *entry = first, *next; entry; entry = next) {
        next = entry->next_in_batch;
        last_us = entry->at_us;
        remember(journal, entry);
    }

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
    co_lock_drop(&journal->lock);

    /* From here on the answers that rest on these entries go out. */
    co_eventcount_advance(&journal->durable, last_seq);
}

static bool commit_gathered(struct journal *journal)
{
    uint64_t count;
    struct entry *first = take_queue(journal, &count);
    failpoint("batch.taken");

    /* Rows and hash are made once: every retry sends the same bytes. */
    struct store_batch batch = {.number = journal->store->batch + 1};
    int64_t start_ns = co_clock_now_ns();
    while (
        !batch_encode(&journal->batch, journal->store->ledger, first, journal->store->hash, &batch))
        co_sleep(RETRY_LAST_MS * CO_CLOCK_MS); /* memory is short: what is decided must get in */

    if (!commit(journal, &batch)) {
        return_queue(journal, first);
        return false;
    }
    failpoint("publish.before");
    publish(journal, first, count, co_clock_now_ns() - start_ns);
    failpoint("publish.after");
    return true;
}

/* Neither stopped nor taken by another server. */
static bool is_ours(struct journal *journal)
{
    return atomic_load(&journal->store->claim.standing) == LEASE_OURS;
}

/* Park until there is something to commit. False: it is over. */
static bool wait_for_work(struct journal *journal, uint64_t next)
{
    /* The beat may take the ledger away without waking the committer: so look now and then. */
    while (is_ours(journal) && co_eventcount_read(&journal->appended) < next) {
        atomic_fetch_add(&journal->turns, 1);
        struct co_context *pause =
            co_context_with_timeout(co_context_background(), LOOK_MS * CO_CLOCK_MS);
        enum co_eventcount_status status =
            co_eventcount_await(pause ? pause : co_context_background(), &journal->appended, next);
        if (pause)
            co_context_release(&pause);
        if (status == CO_EVENTCOUNT_CLOSED)
            return false;
    }
    return is_ours(journal);
}

void journal_await_turn(struct journal *journal)
{
    uint64_t seen = atomic_load(&journal->turns), now = seen;
    while (now == seen && now != 0) {
        co_sleep(TURN_LOOK_MS * CO_CLOCK_MS);
        now = atomic_load(&journal->turns);
    }
}

void journal_commit(void *arg)
{
    struct journal *journal = arg;
    while (wait_for_work(journal, co_eventcount_read(&journal->durable) + 1) &&
           commit_gathered(journal))
        ;

    /* Nothing more becomes durable here: whoever still waits is told so. */
    co_eventcount_close(&journal->durable);
    atomic_store(&journal->turns, 0);
    co_waitgroup_done(&journal->committer);
}
