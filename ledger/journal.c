/* SPDX-License-Identifier: MIT */
/*
 * Invariants
 * - Positions are given in order, without a gap, and each is in exactly one of: the queue, the
 * batch that the committer has in hand, or what is durable. They follow each other in this order.
 * - durable <= head. `durable` is raised only after COMMIT, and after the entries are in `recent`.
 * - recent[seq % RECENT] is the durable entry of that position, for the last RECENT positions that
 *   this process has committed.
 * - at_us rises strictly with seq, whatever the clock does.
 * - A process that was suspended may have been replaced without knowing: journal_await() lets
 *   nobody tell what is in memory unless the ledger was found ours within LEASE_S, or the database
 *   is known to be away. A standby waits twice as long before it takes over (store.c).
 *
 * Lock order: a strategy's mutexes -> lock -> nothing.
 */
#include "ledger/journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/lock.h"
#include "coro/waitgroup.h"
#include "ledger/batch.h"
#include "ledger/failpoint.h"

enum {
    RECENT = 16384,     /* durable entries kept in memory for readers and for replayed keys */
    BATCH_MAX = 8192,   /* entries in one database transaction */
    QUEUE_MAX = 100000, /* entries that may wait; beyond that new requests are turned away */
    PING_MS = 1000, /* when nothing is written, ask the database this often whether it is there */
    RETRY_FIRST_MS = 2,
    RETRY_LAST_MS = 200,
    LAST_TRY_S = 20, /* how long a stopping journal goes on trying */
    LEASE_S = 5,     /* how long memory may be told after the database said that it is ours */
};

struct journal {
    struct store *store;
    struct keys *keys;
    struct waitgroup committer;
    struct eventcount appended; /* the head: the last position given */
    struct eventcount durable;
    _Atomic enum ledger_state state;
    _Atomic int64_t confirmed_ns;    /* when the last ask began that found the ledger ours */
    struct eventcount confirmations; /* counts those, and changes of state */
    _Atomic int64_t stopping_ns;     /* when it was told to stop; 0: it was not */

    struct lock lock; /* guards what follows */
    uint64_t head;
    int64_t last_us;
    struct entry *first, *last; /* the queue */
    uint64_t queued;
    struct entry *recent[RECENT];
    uint64_t recent_from; /* the oldest position that `recent` has */
    struct ledger_figures figures;

    struct batch batch; /* the committer's own */
};

/* ---- appending ----------------------------------------------------------------------------- */

/* Under the lock: the time that the next entry gets. */
static int64_t next_time(const struct journal *journal, int64_t now_us)
{
    return now_us > journal->last_us ? now_us : journal->last_us + 1;
}

/* Under the lock. */
static void enqueue(struct journal *journal, struct entry *entry, int64_t now_us)
{
    entry->seq = ++journal->head;
    entry->at_us = journal->last_us = next_time(journal, now_us);
    entry->next_in_batch = NULL;
    *(journal->last ? &journal->last->next_in_batch : &journal->first) = entry;
    journal->last = entry;
    journal->queued++;
}

uint64_t journal_append_before(struct journal *journal, struct entry *entry, int64_t before_us)
{
    uint64_t seq = 0;
    int64_t now_us = clock_wall_us();
    entry_hold(entry);
    lock_take(&journal->lock);
    if (next_time(journal, now_us) < before_us) {
        enqueue(journal, entry, now_us);
        seq = entry->seq;
    }
    lock_drop(&journal->lock);
    if (seq == 0) {
        entry_drop(&entry);
        return 0;
    }
    eventcount_advance(&entry->decided, 1);
    eventcount_advance(&journal->appended, seq);
    failpoint("appended");
    return seq;
}

uint64_t journal_append(struct journal *journal, struct entry *entry)
{
    return journal_append_before(journal, entry, INT64_MAX);
}

void journal_append_group(struct journal *journal, struct entry *const *entries, size_t count,
    void (*place)(struct entry *entry))
{
    int64_t now_us = clock_wall_us();
    lock_take(&journal->lock);
    for (size_t i = 0; i < count; i++) {
        entry_hold(entries[i])->linked = i + 1 < count;
        enqueue(journal, entries[i], now_us);
        place(entries[i]);
    }
    uint64_t head = journal->head;
    lock_drop(&journal->lock);
    for (size_t i = 0; i < count; i++)
        eventcount_advance(&entries[i]->decided, 1);
    eventcount_advance(&journal->appended, head);
}

int64_t journal_now_us(struct journal *journal)
{
    int64_t now_us = clock_wall_us();
    lock_take(&journal->lock);
    now_us = next_time(journal, now_us);
    lock_drop(&journal->lock);
    return now_us;
}

/* ---- committing ---------------------------------------------------------------------------- */

/* Unlink what waits, up to BATCH_MAX and the end of the group that it falls into. */
static struct entry *take_queue(struct journal *journal, uint64_t *count)
{
    lock_take(&journal->lock);
    struct entry *first = journal->first, *last = first;
    for (*count = 1; last->linked || (*count < BATCH_MAX && last->next_in_batch); (*count)++)
        last = last->next_in_batch;
    journal->first = last->next_in_batch;
    if (!journal->first)
        journal->last = NULL;
    last->next_in_batch = NULL;
    lock_drop(&journal->lock);
    return first;
}

/* Put back what could not be committed, in front: it stays decided, and is freed with the rest. */
static void return_queue(struct journal *journal, struct entry *first)
{
    struct entry *last = first;
    while (last->next_in_batch)
        last = last->next_in_batch;
    lock_take(&journal->lock);
    last->next_in_batch = journal->first;
    journal->first = first;
    if (!journal->last)
        journal->last = last;
    lock_drop(&journal->lock);
}

static bool gives_up(struct journal *journal)
{
    int64_t told = atomic_load(&journal->stopping_ns);
    return told != 0 && clock_now_ns() - told > LAST_TRY_S * CLOCK_S;
}

/* True: that is news. FENCED is final, and only that comes after STOPPED. */
static bool enter_state(struct journal *journal, enum ledger_state state)
{
    enum ledger_state before = atomic_load(&journal->state);
    do {
        if (before == state || before == LEDGER_FENCED ||
            (before == LEDGER_STOPPED && state != LEDGER_FENCED))
            return false;
    } while (!atomic_compare_exchange_weak(&journal->state, &before, state));
    eventcount_advance(&journal->confirmations, eventcount_read(&journal->confirmations) + 1);
    return true;
}

/* The committer alone, as it tells of the store's problem. */
static void set_state(struct journal *journal, enum ledger_state state)
{
    static const char *const names[] = {
        [LEDGER_RUNNING] = "running: the database is back",
        [LEDGER_RECOVERING] = "recovering: the database is away",
        [LEDGER_FENCED] = "fenced: another process has taken over",
        [LEDGER_STOPPED] = "stopped: the database refused a batch; reads go on",
    };
    if (!enter_state(journal, state))
        return;
    fprintf(stderr, "teller: ledger %s%s%s\n", names[state], state == LEDGER_RUNNING ? "" : ": ",
        state == LEDGER_RUNNING ? "" : journal->store->problem);
}

/* The committer alone: the database says that the ledger was ours at that time. */
static void confirm(struct journal *journal, int64_t asked_ns)
{
    atomic_store(&journal->confirmed_ns, asked_ns);
    set_state(journal, LEDGER_RUNNING);
    eventcount_advance(&journal->confirmations, eventcount_read(&journal->confirmations) + 1);
}

/* The n-th try in a row failed. One lost session does not mean that the database is away: it may
 * have been ended by who took over, and the next try will tell; the same if a rival has our lock.
 */
static void note_failure(struct journal *journal, int failures)
{
    if (failures > 1 && !journal->store->rival)
        set_state(journal, LEDGER_RECOVERING);
}

/* The same batch, until its fate is known. False: it will not be, here. */
static bool commit(struct journal *journal, const struct store_batch *batch)
{
    struct context *context = context_background();
    int64_t wait_ms = RETRY_FIRST_MS;
    for (int failures = 1;; failures++) {
        int64_t asked_ns = clock_now_ns();
        switch (store_commit(context, journal->store, batch)) {
        case STORE_COMMITTED:
            confirm(journal, asked_ns);
            return true;
        case STORE_RETRY:
            note_failure(journal, failures);
            break;
        case STORE_FENCED:
            set_state(journal, LEDGER_FENCED);
            return false;
        case STORE_REFUSED:
            set_state(journal, LEDGER_STOPPED);
            return false;
        }
        if (gives_up(journal))
            return false;
        lock_take(&journal->lock);
        journal->figures.retried_batches++;
        lock_drop(&journal->lock);
        co_sleep(wait_ms * CLOCK_MS);
        wait_ms = wait_ms < RETRY_LAST_MS ? wait_ms * 2 : wait_ms;
        failpoint("batch.again");
    }
}

/* Put a durable entry where readers look first. What it displaces is the database's from now on. */
static struct entry *remember(struct journal *journal, struct entry *entry)
{
    struct entry **place = &journal->recent[entry->seq % RECENT];
    struct entry *displaced = *place;
    *place = entry;
    if (displaced)
        journal->recent_from = displaced->seq + 1;
    return displaced;
}

static void publish(struct journal *journal, struct entry *first, uint64_t count, int64_t took_ns)
{
    struct ledger_figures *figures = &journal->figures;
    uint64_t last_seq = first->seq + count - 1;
    for (struct entry *entry = first, *next; entry; entry = next) {
        next = entry->next_in_batch;
        lock_take(&journal->lock);
        struct entry *displaced = remember(journal, entry);
        lock_drop(&journal->lock);
        if (displaced && displaced->key)
            keys_retire(journal->keys, displaced);
        entry_drop(&displaced);
    }
    size_t bucket = 0, buckets = sizeof figures->commit_le / sizeof figures->commit_le[0];
    while (bucket < buckets - 1 && took_ns > (CLOCK_MS / 4) << bucket)
        bucket++;
    lock_take(&journal->lock);
    journal->queued -= count;
    figures->committed_entries += count;
    figures->last_batch_entries = count;
    figures->commit_count++;
    figures->commit_ns_total += (uint64_t)took_ns;
    figures->commit_le[bucket]++;
    figures->batches = journal->store->batch;
    lock_drop(&journal->lock);
    eventcount_advance(&journal->durable, last_seq);
}

static bool commit_gathered(struct journal *journal)
{
    uint64_t count;
    struct entry *first = take_queue(journal, &count);
    failpoint("batch.taken");
    struct store_batch batch = {.number = journal->store->batch + 1};
    int64_t start_ns = clock_now_ns();
    while (
        !batch_encode(&journal->batch, journal->store->ledger, first, journal->store->hash, &batch))
        co_sleep(RETRY_LAST_MS * CLOCK_MS); /* memory is short: what is decided must get in */
    if (!commit(journal, &batch)) {
        return_queue(journal, first);
        return false;
    }
    failpoint("publish.before");
    publish(journal, first, count, clock_now_ns() - start_ns);
    failpoint("publish.after");
    return true;
}

/* Is the database there, and the ledger ours and to be written? False: not any more. */
static bool look_after(struct journal *journal)
{
    enum store_commit answer = STORE_RETRY;
    for (int failures = 1; failures <= 2 && answer == STORE_RETRY; failures++) {
        int64_t asked_ns = clock_now_ns();
        answer = store_ping(context_background(), journal->store);
        if (answer == STORE_COMMITTED)
            confirm(journal, asked_ns);
        else if (answer == STORE_FENCED)
            set_state(journal, LEDGER_FENCED);
        else
            note_failure(journal, failures);
    }
    return journal_is_served(journal);
}

/* Park until there is something to commit. While there is not, look after the database now and
 * then, so that a takeover or an outage is known without a write. False: it is over. */
static bool wait_for_work(struct journal *journal, uint64_t next)
{
    while (eventcount_read(&journal->appended) < next) {
        struct context *pause = context_with_timeout(context_background(), PING_MS * CLOCK_MS);
        enum eventcount_status status =
            eventcount_await(pause ? pause : context_background(), &journal->appended, next);
        if (pause)
            context_release(&pause);
        if (status == EVENTCOUNT_CLOSED || (status == EVENTCOUNT_CANCELLED && !look_after(journal)))
            return false;
    }
    return journal_is_served(journal);
}

/* No writes any more, but reads: as long as no other process takes the ledger over. */
static void stay_for_readers(struct journal *journal)
{
    struct store *store = journal->store;
    bool ours = journal_state(journal) == LEDGER_STOPPED;
    while (ours && atomic_load(&journal->stopping_ns) == 0) {
        co_sleep(RETRY_LAST_MS * CLOCK_MS);
        ours = store_ping(context_background(), store) != STORE_FENCED;
    }
    if (!ours && journal_state(journal) == LEDGER_STOPPED)
        set_state(journal, LEDGER_FENCED);
}

static void committer_main(void *arg)
{
    struct journal *journal = arg;
    bool ours = look_after(journal);
    while (ours && wait_for_work(journal, eventcount_read(&journal->durable) + 1))
        ours = commit_gathered(journal);
    eventcount_close(&journal->durable);
    stay_for_readers(journal);
    eventcount_close(&journal->confirmations);
    waitgroup_done(&journal->committer);
}

/* ---- starting and stopping ----------------------------------------------------------------- */

struct journal *journal_start(struct store *store, struct keys *keys, uint64_t seq, int64_t at_us)
{
    struct journal *journal = calloc(1, sizeof *journal);
    if (!journal)
        return NULL;
    journal->store = store;
    journal->keys = keys;
    journal->head = seq;
    journal->recent_from = seq + 1;
    journal->last_us = at_us;
    journal->figures.batches = store->batch;
    eventcount_advance(&journal->appended, seq);
    eventcount_advance(&journal->durable, seq);
    waitgroup_add(&journal->committer, 1);
    if (!co_spawn_named("journal committer", committer_main, journal)) {
        free(journal);
        return NULL;
    }
    return journal;
}

static void drop_chain(struct entry *entry)
{
    for (struct entry *next; entry; entry = next) {
        next = entry->next_in_batch;
        entry_drop(&entry);
    }
}

void journal_drain(struct journal *journal)
{
    atomic_store(&journal->stopping_ns, clock_now_ns());
    eventcount_close(&journal->appended);
    waitgroup_wait(&journal->committer);
}

void journal_stop(struct journal **journal)
{
    struct journal *stopped = *journal;
    *journal = NULL;
    if (!stopped)
        return;
    drop_chain(stopped->first);
    for (size_t i = 0; i < RECENT; i++)
        entry_drop(&stopped->recent[i]);
    batch_free(&stopped->batch);
    free(stopped);
}

/* ---- reading ------------------------------------------------------------------------------- */

/* Park while it is not known whether the ledger is ours still. */
static enum eventcount_status await_lease(struct context *context, struct journal *journal)
{
    for (;;) {
        uint64_t seen = eventcount_read(&journal->confirmations);
        enum ledger_state state = journal_state(journal);
        if (state == LEDGER_FENCED)
            return EVENTCOUNT_CLOSED;
        if (state != LEDGER_RUNNING ||
            clock_now_ns() - atomic_load(&journal->confirmed_ns) < LEASE_S * CLOCK_S)
            return EVENTCOUNT_REACHED;
        enum eventcount_status status =
            eventcount_await(context, &journal->confirmations, seen + 1);
        if (status != EVENTCOUNT_REACHED)
            return status;
    }
}

enum eventcount_status journal_await(struct context *context, struct journal *journal, uint64_t seq)
{
    enum eventcount_status status = eventcount_await(context, &journal->durable, seq);
    return status == EVENTCOUNT_REACHED ? await_lease(context, journal) : status;
}

uint64_t journal_durable(struct journal *journal)
{
    return eventcount_read(&journal->durable);
}

enum ledger_state journal_state(struct journal *journal)
{
    return atomic_load(&journal->state);
}

bool journal_is_served(struct journal *journal)
{
    enum ledger_state state = journal_state(journal);
    return state == LEDGER_RUNNING || state == LEDGER_RECOVERING;
}

void journal_halt(struct journal *journal)
{
    enter_state(journal, LEDGER_STOPPED);
}

bool journal_has_room(struct journal *journal)
{
    lock_take(&journal->lock);
    bool room = journal->queued < QUEUE_MAX;
    lock_drop(&journal->lock);
    return room;
}

bool journal_recent(
    struct journal *journal, uint64_t after, size_t limit, struct entry **entries, size_t *count)
{
    uint64_t durable = journal_durable(journal);
    *count = 0;
    lock_take(&journal->lock);
    bool here = after + 1 >= journal->recent_from;
    for (uint64_t seq = after + 1; here && seq <= durable && *count < limit; seq++)
        entries[(*count)++] = entry_hold(journal->recent[seq % RECENT]);
    lock_drop(&journal->lock);
    return here;
}

void journal_read_figures(struct journal *journal, struct ledger_figures *figures)
{
    lock_take(&journal->lock);
    *figures = journal->figures;
    figures->head_seq = journal->head;
    figures->pending = journal->queued;
    lock_drop(&journal->lock);
    figures->state = journal_state(journal);
    figures->epoch = journal->store->epoch;
    figures->durable_seq = journal_durable(journal);
}
