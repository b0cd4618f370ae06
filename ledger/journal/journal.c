/* SPDX-License-Identifier: MIT */
/* Positions and what is known of them; how they become durable is in journal_commit.c. */
#include "ledger/journal/journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "ledger/failpoint.h"
#include "ledger/journal/journal_private.h"
#include "ledger/lease/lease_wait.h"
#include "ledger/notice.h"

enum {
    /* What may wait, in entries and in bytes, and of all ledgers together; beyond that new requests
     * are refused. */
    QUEUE_MAX = 100000,
    QUEUE_BYTES = 64 << 20,
    ALL_BYTES = 256 << 20,
};

/* ---- appending ----------------------------------------------------------------------------- */

/* Under the lock: the time that the next entry gets. */
static int64_t next_time(struct journal *journal, int64_t now_us)
{
    /* Strictly later than the last, whatever the clock does: a time stands for one position. */
    int64_t last_us = atomic_load_explicit(&journal->last_us, memory_order_relaxed);
    return now_us > last_us ? now_us : last_us + 1;
}

/* Under the lock. True: the queue was empty, the committer is to be told. */
static bool enqueue(struct journal *journal, struct entry *entry, int64_t now_us)
{
    bool first = !journal->first;
    entry->seq = ++journal->head;
    entry->at_us = next_time(journal, now_us);
    atomic_store_explicit(&journal->last_us, entry->at_us, memory_order_relaxed);
    if (entry->lasts_us)
        entry->expires_us = entry->at_us + entry->lasts_us;
    entry->next_in_batch = NULL;
    *(journal->last ? &journal->last->next_in_batch : &journal->first) = entry;
    journal->last = entry;
    journal->queued++;
    journal->queued_bytes += entry->size;
    atomic_fetch_add_explicit(&journal->gathering->queued_bytes, entry->size, memory_order_relaxed);
    return first;
}

uint64_t journal_append_before(struct journal *journal, struct entry *entry, int64_t before_us)
{
    uint64_t seq = 0;
    bool announce = false;
    int64_t now_us = dbtime_now_us(journal->dbtime);
    /* Whoever is overtaken between reading the clock and the lock gets a later time than that. */
    entry_hold(entry); /* the committer's */
    co_lock_take(&journal->lock);
    if (next_time(journal, now_us) < before_us) {
        announce = enqueue(journal, entry, now_us);
        seq = entry->seq;
    }
    co_lock_drop(&journal->lock);
    if (seq == 0) {
        entry_drop(&entry);
        return 0;
    }
    /* Now others that have its key may follow it, and the committer take it. */
    co_eventcount_advance(&entry->decided, 1);
    if (announce)
        gathering_announce(journal->gathering, &journal->place);
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
    int64_t now_us = dbtime_now_us(journal->dbtime);
    bool announce = false;
    /* Under one lock, so that nothing gets in between them. */
    co_lock_take(&journal->lock);
    for (size_t i = 0; i < count; i++) {
        entry_hold(entries[i])->linked = i + 1 < count;
        announce |= enqueue(journal, entries[i], now_us);
        place(entries[i]);
    }
    co_lock_drop(&journal->lock);
    for (size_t i = 0; i < count; i++)
        co_eventcount_advance(&entries[i]->decided, 1);
    if (announce)
        gathering_announce(journal->gathering, &journal->place);
}

/* What the next entry would get. Nothing is taken by asking: several may be told the same. */
int64_t journal_now_us(struct journal *journal)
{
    int64_t now_us = dbtime_now_us(journal->dbtime);
    co_lock_take(&journal->lock);
    now_us = next_time(journal, now_us);
    co_lock_drop(&journal->lock);
    return now_us;
}

int64_t journal_end_moment(struct journal *journal, int64_t at_us, uint64_t *upto)
{
    int64_t now_us = dbtime_now_us(journal->dbtime);
    co_lock_take(&journal->lock);
    int64_t last_us = journal->last_us;
    now_us = now_us > last_us ? now_us : last_us;
    if (at_us <= now_us) {
        /* If an entry as late as that is durable, all earlier ones are: nothing to wait for. */
        *upto = at_us < journal->durable_us ? journal_durable(journal) : journal->head;
        journal->last_us = at_us > last_us ? at_us : last_us;
    }
    co_lock_drop(&journal->lock);
    return at_us - now_us;
}

/* ---- starting and stopping ----------------------------------------------------------------- */

/* A journal whose end is ahead of the database's clock: for people, as nothing can be written. */
static void tell_if_ahead(struct journal *journal)
{
    int64_t ahead_s = dbtime_apart_s(journal->dbtime, journal->last_us);
    if (ahead_s > 0)
        notice(NOTICE_TROUBLE,
            "ledger %s: the last entry is %ld s ahead of the database's clock: nothing is "
            "written and no hold expires until that clock has caught up; if it is behind, set it "
            "right and start this program again; if not, an earlier clock was ahead (see "
            "OPERATIONS.md, Clocks)",
            journal->store->claim.name, ahead_s);
}

/* The claim has got worse. Under the lease's lock: see lease_wait.h. */
static void heed(void *arg, enum lease_standing standing)
{
    struct journal *journal = arg;
    /* Another's ledger: what is being written for it is in vain, and nobody is to wait for that. Of
     * one that has stopped a batch may still get in: the committer ends it when that is settled. */
    if (standing >= LEASE_FENCED)
        co_eventcount_close(&journal->durable);
    gathering_announce(journal->gathering, &journal->place);
}

struct journal *journal_follow(struct gathering *gathering, struct store *store, struct keys *keys,
    uint64_t seq, int64_t at_us)
{
    struct journal *journal = calloc(1, sizeof *journal);
    if (!journal)
        return NULL;
    journal->recent_room = JOURNAL_RECENT_FIRST;
    journal->recent = calloc(JOURNAL_RECENT_FIRST, sizeof(struct entry *));
    if (!journal->recent) {
        free(journal);
        return NULL;
    }
    /* Nothing of this process yet: readers of what is older ask the database. */
    journal->gathering = gathering;
    journal->place.journal = journal;
    journal->store = store;
    journal->keys = keys;
    journal->head = seq;
    journal->recent_from = seq + 1;
    journal->dbtime = lease_dbtime(store->lease);
    journal->durable_us = at_us;
    co_eventcount_advance(&journal->durable, seq); /* all that was read is */
    return journal;
}

void journal_pass(struct journal *journal, uint64_t seq, int64_t at_us)
{
    co_lock_take(&journal->lock);
    journal->head = seq;
    journal->recent_from = seq + 1;
    journal->durable_us = at_us;
    co_lock_drop(&journal->lock);
    co_eventcount_advance(&journal->durable, seq);
}

void journal_break(struct journal *journal)
{
    atomic_store(&journal->store->standing, STORE_BROKEN);
    co_eventcount_close(&journal->durable);
}

void journal_begin(struct journal *journal)
{
    const struct store *store = journal->store;
    /* Time goes on behind what former owners wrote or declared over. */
    int64_t estimate_us = dbtime_estimate_us(journal->dbtime), last_us = store->moments_until_us;
    co_lock_take(&journal->lock);
    last_us = journal->durable_us > last_us ? journal->durable_us : last_us;
    journal->last_us = estimate_us > last_us ? estimate_us : last_us;
    journal->figures.batches = store->batch;
    memcpy(journal->figures.chain, store->hash, sizeof journal->figures.chain);
    journal->figures.chain_seq = journal->head;
    co_lock_drop(&journal->lock);
    tell_if_ahead(journal);

    /* The committer begins behind what is durable. */
    co_waitgroup_add(&journal->committer, 1);
    gathering_enter(journal->gathering, &journal->place);
    lease_wait_bind(&journal->store->claim, heed, journal);
}

struct journal *journal_start(struct gathering *gathering, struct store *store, struct keys *keys,
    uint64_t seq, int64_t at_us)
{
    struct journal *journal = journal_follow(gathering, store, keys, seq, at_us);
    if (journal)
        journal_begin(journal);
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
    /* The committer writes what is left, for a while at most, and leaves; immediately if the ledger
     * is another's. */
    atomic_store(&journal->stopping_ns, co_clock_now_ns());
    if (atomic_load(&journal->store->claim.standing) >= LEASE_FENCED)
        gathering_break_off(journal->gathering, &journal->place);
    gathering_announce(journal->gathering, &journal->place);
    co_waitgroup_wait(&journal->committer);
}

void journal_stop(struct journal **journal)
{
    struct journal *stopped = *journal;
    *journal = NULL;
    if (!stopped)
        return;
    if (stopped->store->claim.lease)
        lease_wait_bind(&stopped->store->claim, NULL, NULL);
    /* The committer has ended, so what waits and what is remembered is nobody else's. */
    atomic_fetch_sub(&stopped->gathering->queued_bytes, stopped->queued_bytes);
    drop_chain(stopped->first);
    for (size_t i = 0; i < stopped->recent_room; i++)
        entry_drop(&stopped->recent[i]);
    free(stopped->recent);
    free(stopped);
}

/* ---- reading ------------------------------------------------------------------------------- */

/* What is not durable yet is waited for only while it could be told. */
static enum co_eventcount_status await_within_lease(
    struct co_context *context, struct journal *journal, uint64_t seq)
{
    struct lease_wait wait;
    enum co_eventcount_status status = lease_await(context, &journal->store->claim);
    if (status != CO_EVENTCOUNT_REACHED)
        return status;
    if (!lease_wait_begin(&wait, context, journal->store->lease))
        return CO_EVENTCOUNT_CANCELLED;
    status = co_eventcount_await(wait.context, &journal->durable, seq);
    lease_wait_end(&wait);
    return status;
}

/* What is another server's is told for what it is: nothing but its position is waited for. */
static enum co_eventcount_status await_followed(
    struct co_context *context, struct journal *journal, enum store_standing standing, uint64_t seq)
{
    if (standing == STORE_FOLLOWED) {
        enum co_eventcount_status status = co_eventcount_await(context, &journal->durable, seq);
        if (atomic_load(&journal->store->standing) != STORE_BROKEN)
            return status;
    }
    return CO_EVENTCOUNT_CLOSED;
}

enum co_eventcount_status journal_await(
    struct co_context *context, struct journal *journal, enum journal_basis basis, uint64_t seq)
{
    enum store_standing standing = atomic_load(&journal->store->standing);
    if (standing != STORE_OURS)
        return await_followed(context, journal, standing, seq);
    bool bounded = basis == JOURNAL_READ && journal_durable(journal) < seq;
    enum co_eventcount_status status = bounded
                                           ? await_within_lease(context, journal, seq)
                                           : co_eventcount_await(context, &journal->durable, seq);
    if (status != CO_EVENTCOUNT_REACHED)
        return status;
    switch (basis) {
    case JOURNAL_ENTRY:
        break;
    case JOURNAL_REPLAY:
        return journal_state(journal) == LEDGER_LOST ? CO_EVENTCOUNT_CLOSED : status;
    case JOURNAL_REFUSAL:
    case JOURNAL_READ:
        return lease_await(context, &journal->store->claim);
    }
    return status;
}

bool journal_has_later(struct journal *journal, int64_t at_us)
{
    co_lock_take(&journal->lock);
    bool has = at_us < journal->durable_us;
    co_lock_drop(&journal->lock);
    return has;
}

static bool is_noted(struct journal *journal, int64_t at_us)
{
    co_lock_take(&journal->lock);
    /* By an entry behind it, by a former owner, or by a beat of this server. */
    bool noted = at_us <= journal->durable_us || at_us <= journal->store->moments_until_us;
    co_lock_drop(&journal->lock);
    return noted || at_us <= atomic_load(&journal->dbtime->moments_until_us);
}

enum co_eventcount_status journal_await_moment(
    struct co_context *context, struct journal *journal, int64_t at_us)
{
    struct store *store = journal->store;
    struct co_context *turn = NULL;
    enum co_eventcount_status status = CO_EVENTCOUNT_REACHED;
    uint64_t seen = 0;
    /* The beat notes what this server wants to tell: wait for one, no longer than a lease lasts. */
    while (status == CO_EVENTCOUNT_REACHED && !is_noted(journal, at_us)) {
        if (atomic_load(&store->claim.standing) >= LEASE_FENCED)
            status = CO_EVENTCOUNT_CLOSED;
        else if ((!turn && !(turn = co_context_with_timeout(context, LEASE_MS * CO_CLOCK_MS))) ||
                 !lease_await_news(turn, store->lease, &seen))
            status = CO_EVENTCOUNT_CANCELLED;
    }
    if (turn)
        co_context_release(&turn);
    return status;
}

uint64_t journal_durable(struct journal *journal)
{
    return co_eventcount_read(&journal->durable);
}

struct journal_company journal_company(struct journal *journal)
{
    struct gathering *gathering = journal->gathering;
    return (struct journal_company){.ledgers = atomic_load(&gathering->members_now),
        .written = atomic_load(&gathering->written)};
}

/* This server's clock and the last entry's time are close to the database's clock. Otherwise, for
 * people, why not; `why` may be NULL. */
static bool keeps_time(struct journal *journal, char why[LEDGER_REASON])
{
    int64_t clock_s = dbtime_apart_s(journal->dbtime, co_clock_wall_us());
    int64_t last_s = dbtime_apart_s(
        journal->dbtime, atomic_load_explicit(&journal->last_us, memory_order_relaxed));
    int64_t jumped_s = dbtime_jumped_s(journal->dbtime);
    if (clock_s == 0 && last_s <= 0 && jumped_s == 0)
        return true;
    /* A jump of the database's clock explains the other two, so it is told first. */
    if (why && jumped_s != 0)
        snprintf(why, LEDGER_REASON,
            "the clock of the database was set %s by %ld s: nothing is written until it is right, "
            "or the program is started again",
            jumped_s > 0 ? "forward" : "back", labs(jumped_s));
    else if (why && clock_s != 0)
        snprintf(why, LEDGER_REASON,
            "the clock of this server differs from the database's by %ld s: nothing is written "
            "until it is right",
            labs(clock_s));
    else if (why)
        snprintf(why, LEDGER_REASON,
            "the last entry is %ld s ahead of the database's clock: nothing is written until that "
            "has caught up",
            last_s);
    return false;
}

/* Batches get through, and the ledger is known to be ours. */
static bool is_well(struct journal *journal)
{
    return !atomic_load(&journal->recovering) && lease_is_good(journal->store->lease);
}

enum ledger_state journal_state(struct journal *journal)
{
    static const enum ledger_state states[] = {[LEASE_STOPPED] = LEDGER_STOPPED,
        [LEASE_FENCED] = LEDGER_FENCED,
        [LEASE_LOST] = LEDGER_LOST};
    enum store_standing whose = atomic_load(&journal->store->standing);
    if (whose != STORE_OURS)
        return whose == STORE_FOLLOWED ? LEDGER_FOLLOWING : LEDGER_FENCED;
    /* What the lease says of it does not get better; the rest may. */
    enum lease_standing standing = atomic_load(&journal->store->claim.standing);
    if (standing != LEASE_OURS)
        return states[standing];
    return is_well(journal) && keeps_time(journal, NULL) ? LEDGER_RUNNING : LEDGER_RECOVERING;
}

bool journal_is_served(struct journal *journal)
{
    enum ledger_state state = journal_state(journal);
    return state == LEDGER_RUNNING || state == LEDGER_RECOVERING;
}

void journal_halt(struct journal *journal, const char *why)
{
    lease_degrade(&journal->store->claim, LEASE_STOPPED, why);
}

enum ledger_status journal_admits(struct journal *journal, uint64_t *seq)
{
    *seq = journal_durable(journal);
    if (journal_state(journal) != LEDGER_RUNNING)
        return LEDGER_UNAVAILABLE;
    co_lock_take(&journal->lock);
    bool room = journal->queued < QUEUE_MAX && journal->queued_bytes < QUEUE_BYTES;
    co_lock_drop(&journal->lock);
    room = room && atomic_load_explicit(&journal->gathering->queued_bytes, memory_order_relaxed) <
                       ALL_BYTES;
    return room ? LEDGER_OK : LEDGER_OVERLOADED;
}

bool journal_recent(
    struct journal *journal, uint64_t after, size_t limit, struct entry **entries, size_t *count)
{
    uint64_t durable = journal_durable(journal);
    *count = 0;
    co_lock_take(&journal->lock);
    /* All or nothing: a page with a gap would be taken for the whole. */
    bool here = after + 1 >= journal->recent_from;
    for (uint64_t seq = after + 1; here && seq <= durable && *count < limit; seq++)
        entries[(*count)++] = entry_hold(journal->recent[seq % journal->recent_room]);
    co_lock_drop(&journal->lock);
    return here;
}

/* Why the ledger is not running. */
static void tell_reason(
    struct journal *journal, enum ledger_state state, char reason[LEDGER_REASON])
{
    _Static_assert(LEDGER_REASON == (int)LEASE_WHY, "a reason is copied as it is");
    if (state == LEDGER_RUNNING)
        *reason = '\0';
    else
        lease_tell_why(&journal->store->claim, reason);
    reason[strcspn(reason, ":")] = '\0'; /* the rest is for the log alone */
    if (state == LEDGER_RECOVERING && !*reason)
        snprintf(reason, LEDGER_REASON, "the database takes no batches; they are sent again");
}

void journal_read_figures(struct journal *journal, struct ledger_figures *figures)
{
    /* One moment for these; what follows may be a little newer. */
    co_lock_take(&journal->lock);
    *figures = journal->figures;
    figures->head_seq = journal->head;
    figures->pending = journal->queued;
    figures->pending_bytes = journal->queued_bytes;
    co_lock_drop(&journal->lock);
    figures->durable_seq = journal_durable(journal);
    figures->state = journal_state(journal);
    if (atomic_load(&journal->store->standing) != STORE_OURS)
        return;
    tell_reason(journal, figures->state, figures->reason);
    figures->awaits_clock = figures->state == LEDGER_RECOVERING && is_well(journal) &&
                            !keeps_time(journal, figures->reason);
    figures->epoch = journal->store->epoch;
}
