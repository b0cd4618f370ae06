/* SPDX-License-Identifier: MIT */
/* The journal's two promises: time only rises, and nothing is told before all that it rests on is
 * durable. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "ledger/audit/audit_stretch.h"
#include "ledger/journal/journal.h"
#include "ledger/journal/journal_private.h"
#include "ledger/ledger_private.h"
#include "ledger/db/pg.h"
#include "ledger/memory/keys.h"
#include "tests/ledger/requests.h"

/* ---- time ---------------------------------------------------------------------------------- */

/* An entry is given its time only if that is before a moment; at the moment itself is too late. */
static void append_before(struct ledger *ledger, int64_t before_us, int64_t expected_us)
{
    struct entry *entry = entry_make(ENTRY_FREEZE, NULL, NULL, 0);
    co_ensure(entry != NULL);
    uint64_t seq = journal_append_before(ledger->journal, entry, before_us);
    CU_ASSERT_EQUAL(seq != 0, expected_us != 0);
    CU_ASSERT_EQUAL(entry->seq, seq);
    CU_ASSERT_EQUAL(entry->at_us, expected_us);
    entry_drop(&entry);
}

/* Let the entry of that position have that time. */
static void change_time(const char *db, int seq, int64_t at_us)
{
    char sql[200];
    snprintf(sql, sizeof sql,
        "UPDATE teller.entry SET at = 'epoch'::timestamptz + %ld * interval '1 us' WHERE seq = %d",
        at_us, seq);
    fixture_do(db, sql);
}

/* The last entry is ahead of the clock, as if that had been set back, but not by a minute. */
static void time_rises(const char *strategy)
{
    const int64_t far_us = co_clock_wall_us() + 50 * CO_CLOCK_S / CO_CLOCK_US;
    const char *db = fixture_database();
    struct ledger *ledger = fixture_open_abc(db, strategy);
    const struct ledger_leg leg = {"a", "b", 1};
    const struct ledger_transfer twice[] = {
        {.legs = &leg, .leg_count = 1}, {.legs = &leg, .leg_count = 1}};
    struct ledger_outcome outcomes[2];
    ledger_close(&ledger);
    change_time(db, 5, far_us);
    ledger = fixture_open(db, strategy);
    CU_ASSERT_EQUAL(journal_now_us(ledger->journal), far_us + 1);
    append_before(ledger, far_us + 1, 0);
    append_before(ledger, far_us + 2, far_us + 1);
    CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "a", "b", 1), LEDGER_OK);
    ledger_transfer_batch(co_context_background(), ledger, true, twice, 2, outcomes);
    for (int i = 0; i < 2; i++) {
        CU_ASSERT_EQUAL(outcomes[i].entry->at_us, far_us + 3 + i);
        entry_drop(&outcomes[i].entry);
    }
    ledger = request_restart(ledger, db, strategy);
    CU_ASSERT_EQUAL(journal_now_us(ledger->journal), far_us + 5);
    CU_ASSERT_STRING_EQUAL(fixture_ask(db, "SELECT count(*) || ' ' || count(DISTINCT at) || ' ' ||"
                                           " (max(at) FILTER (WHERE seq = 9) = max(at))"
                                           " FROM teller.entry"),
        "9 9 true");
    ledger_close(&ledger);
}

/* The last entry was given its time by a clock that was ahead by years. */
static void time_is_awaited(const char *strategy)
{
    const char *db = fixture_database();
    struct ledger *ledger = fixture_open_abc(db, strategy);
    ledger_close(&ledger);
    change_time(db, 5, INT64_C(4102444800000000)); /* 2100-01-01 */
    ledger = fixture_open(db, strategy);
    struct ledger_figures figures;
    CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "a", "b", 1), LEDGER_UNAVAILABLE);
    ledger_read_figures(ledger, &figures);
    CU_ASSERT_EQUAL(figures.state, LEDGER_RECOVERING);
    CU_ASSERT(figures.awaits_clock && strstr(figures.reason, "ahead of the database's clock"));
    CU_ASSERT(fixture_balance(ledger, "a") == 100);
    ledger_close(&ledger);
    CU_ASSERT_STRING_EQUAL(fixture_ask(db, "SELECT max(seq) FROM teller.entry"), "5");
    change_time(db, 5, co_clock_wall_us());
    ledger = fixture_open(db, strategy);
    CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "a", "b", 1), LEDGER_OK);
    ledger_close(&ledger);
}

/* What another server told to be over, with a clock that was ahead of ours, stays so. */
static void time_begins_at_the_databases(const char *strategy)
{
    const int64_t slack_us = 5 * CO_CLOCK_S / CO_CLOCK_US, before_us = co_clock_wall_us();
    struct ledger *ledger = fixture_open(fixture_database(), strategy);
    CU_ASSERT(ledger->journal->last_us >= before_us - slack_us);
    CU_ASSERT(ledger->journal->last_us <= co_clock_wall_us() + slack_us);
    ledger_close(&ledger);
}

/* ---- the prefix rule ------------------------------------------------------------------------ */

/* While this session has the lock, no batch is committed. */
static struct pg *stall(const char *conninfo)
{
    char error[300];
    struct pg *pg = pg_connect(co_context_background(), conninfo, NULL, error, sizeof error);
    co_ensure(pg != NULL);
    enum pg_status locked =
        pg_script(co_context_background(), pg, "BEGIN; LOCK TABLE teller.batch IN EXCLUSIVE MODE");
    co_ensure(locked == PG_OK);
    return pg;
}

/* SHORT for what waits for the committer alone, LONG for what asks the database first. */
enum { SHORT_MS = 30, LONG_MS = 400, ENDLESS_MS = 10000 };

static struct co_context *within(int64_t ms)
{
    struct co_context *context = co_context_with_timeout(co_context_background(), ms * CO_CLOCK_MS);
    co_ensure(context != NULL);
    return context;
}

/* A transfer that does not wait for long. Whatever it says is not about what is not durable. */
static enum ledger_status hurry(
    struct ledger *ledger, const char *key, const char *from, const char *to, money amount)
{
    const struct ledger_leg leg = {from, to, amount};
    const struct ledger_transfer transfer = {.key = key, .legs = &leg, .leg_count = 1};
    struct ledger_outcome outcome;
    struct co_context *context = within(SHORT_MS);
    ledger_transfer(context, ledger, &transfer, &outcome);
    CU_ASSERT_EQUAL(outcome.seq, ledger_durable_seq(ledger));
    entry_drop(&outcome.entry);
    co_context_release(&context);
    return outcome.status;
}

static enum ledger_status hurry_reverse(struct ledger *ledger, uint64_t transfer)
{
    const struct ledger_reversal reversal = {.transfer = transfer};
    struct ledger_outcome outcome;
    struct co_context *context = within(LONG_MS);
    ledger_reverse(context, ledger, &reversal, &outcome);
    entry_drop(&outcome.entry);
    co_context_release(&context);
    return outcome.status;
}

static enum ledger_status hurry_capture(struct ledger *ledger, uint64_t hold)
{
    const struct ledger_settlement settlement = {.hold = hold, .capture = true};
    struct ledger_outcome outcome;
    struct co_context *context = within(SHORT_MS);
    ledger_settle(context, ledger, &settlement, &outcome);
    entry_drop(&outcome.entry);
    co_context_release(&context);
    return outcome.status;
}

static enum ledger_status hurry_freeze(struct ledger *ledger, const char *id)
{
    struct ledger_account account;
    uint64_t seq;
    struct co_context *context = within(SHORT_MS);
    enum ledger_status status = ledger_freeze(context, ledger, id, true, &account, &seq);
    co_context_release(&context);
    return status;
}

static enum ledger_status hurry_open(struct ledger *ledger, const char *id)
{
    const struct ledger_open_account request = {.id = id, .asset = "USD/2"};
    struct ledger_account account;
    bool opened;
    uint64_t seq;
    struct co_context *context = within(SHORT_MS);
    enum ledger_status status =
        ledger_open_account(context, ledger, &request, &account, &opened, &seq);
    CU_ASSERT_EQUAL(seq, ledger_durable_seq(ledger));
    co_context_release(&context);
    return status;
}

/* The account, and its statement. */
static void expect_reads(struct ledger *ledger, const char *id, enum ledger_status expected)
{
    struct ledger_account account;
    struct entry *entry[1];
    struct ledger_entry_page page = {.entries = entry, .limit = 1};
    uint64_t seq;
    struct co_context *context = within(expected == LEDGER_OK ? ENDLESS_MS : SHORT_MS);
    CU_ASSERT_EQUAL(ledger_read_account(context, ledger, id, &account, &seq), expected);
    CU_ASSERT_EQUAL(seq, ledger_durable_seq(ledger));
    co_context_release(&context);
    context = within(expected == LEDGER_OK ? ENDLESS_MS : LONG_MS);
    CU_ASSERT_EQUAL(ledger_statement(context, ledger, id, 0, &page), expected);
    CU_ASSERT_EQUAL(page.seq, ledger_durable_seq(ledger));
    while (page.count > 0)
        entry_drop(&entry[--page.count]);
    co_context_release(&context);
}

static void nothing_is_told_early(const char *strategy)
{
    const char *db = fixture_database();
    struct ledger *ledger = fixture_open_abc(db, strategy);
    uint64_t moved, held;
    CU_ASSERT_EQUAL(request_transfer(ledger, NULL, "a", "b", 5, &moved), LEDGER_OK);
    CU_ASSERT_EQUAL(request_hold(ledger, NULL, "a", "b", 7, &held), LEDGER_OK);
    uint64_t durable = ledger_durable_seq(ledger);
    struct pg *stalled = stall(db);
    /* What it rests on is durable: that is told immediately. */
    CU_ASSERT_EQUAL(hurry(ledger, NULL, "c", "b", 1), LEDGER_INSUFFICIENT_FUNDS);
    expect_reads(ledger, "a", LEDGER_OK);
    CU_ASSERT_EQUAL(hurry(ledger, "k", "a", "b", 10), LEDGER_OUTCOME_UNKNOWN);
    CU_ASSERT_EQUAL(hurry(ledger, "k", "a", "b", 10), LEDGER_KEY_IN_FLIGHT);
    expect_reads(ledger, "a", LEDGER_UNAVAILABLE);
    expect_reads(ledger, "c", LEDGER_OK);
    /* A refusal that has seen an account with news, as the payer or as the payee. */
    CU_ASSERT_EQUAL(hurry(ledger, NULL, "a", "c", 900), LEDGER_OUTCOME_UNKNOWN);
    CU_ASSERT_EQUAL(hurry(ledger, NULL, "c", "a", 900), LEDGER_OUTCOME_UNKNOWN);
    CU_ASSERT_EQUAL(hurry(ledger, "r", "c", "a", 900), LEDGER_OUTCOME_UNKNOWN);
    for (int again = 0; again < 2; again++) {
        CU_ASSERT_EQUAL(hurry_reverse(ledger, moved), LEDGER_OUTCOME_UNKNOWN);
        CU_ASSERT_EQUAL(hurry_capture(ledger, held), LEDGER_OUTCOME_UNKNOWN);
    }
    CU_ASSERT_EQUAL(hurry_open(ledger, "late"), LEDGER_OUTCOME_UNKNOWN);
    CU_ASSERT_EQUAL(hurry_freeze(ledger, "b"), LEDGER_OUTCOME_UNKNOWN);
    CU_ASSERT_EQUAL(hurry(ledger, NULL, "c", "world:USD.2", 1), LEDGER_INSUFFICIENT_FUNDS);
    CU_ASSERT_EQUAL(hurry_freeze(ledger, NULL), LEDGER_OUTCOME_UNKNOWN);
    CU_ASSERT_EQUAL(hurry(ledger, NULL, "c", "world:USD.2", 1), LEDGER_OUTCOME_UNKNOWN);
    CU_ASSERT_EQUAL(ledger_durable_seq(ledger), durable);
    pg_close(&stalled); /* its lock goes with it, and all that was decided is done after all */
    CU_ASSERT_EQUAL(fixture_move(ledger, "k", "a", "b", 10), LEDGER_OK);
    CU_ASSERT_EQUAL(fixture_move(ledger, "r", "c", "a", 900), LEDGER_INSUFFICIENT_FUNDS);
    CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "c", "world:USD.2", 1), LEDGER_ACCOUNT_FROZEN);
    request_expect(ledger, "a", 83, 0, 83);
    request_expect(ledger, "b", 17, 0, 17);
    fixture_check(ledger);
    ledger_close(&ledger);
}

/* ---- what became of a key -------------------------------------------------------------------- */

/* Ask what became of a key: the position of its entry, 0 without one. */
static enum ledger_status ask_key(
    struct ledger *ledger, const char *key, int64_t within_ms, uint64_t *at)
{
    struct entry *entry = NULL;
    uint64_t seq;
    struct co_context *context = within(within_ms);
    enum ledger_status status = ledger_entry_by_key(context, ledger, key, &entry, &seq);
    *at = entry ? entry->seq : 0;
    CU_ASSERT_TRUE(seq <= ledger_durable_seq(ledger));
    entry_drop(&entry);
    co_context_release(&context);
    return status;
}

/* A key that was claimed, or whose entry is not durable: never "none", it may happen yet. */
static void a_key_in_flight_is_never_none(const char *strategy)
{
    const char *db = fixture_database();
    struct ledger *ledger = fixture_open_abc(db, strategy);
    struct entry *claimed = entry_make(ENTRY_TRANSFER, "claimed", NULL, 0), *first;
    uint64_t at;
    co_ensure(claimed != NULL);
    CU_ASSERT_EQUAL(keys_claim(ledger->keys, claimed, 0, &first), KEYS_CLAIMED);
    CU_ASSERT_EQUAL(ask_key(ledger, "claimed", SHORT_MS, &at), LEDGER_KEY_IN_FLIGHT);
    keys_give_up(ledger->keys, claimed);
    CU_ASSERT_EQUAL(ask_key(ledger, "claimed", ENDLESS_MS, &at), LEDGER_TRANSFER_NOT_FOUND);
    entry_drop(&claimed);
    struct pg *stalled = stall(db);
    CU_ASSERT_EQUAL(hurry(ledger, "paid", "a", "b", 10), LEDGER_OUTCOME_UNKNOWN);
    CU_ASSERT_EQUAL(hurry(ledger, "refused", "a", "b", 91), LEDGER_OUTCOME_UNKNOWN);
    CU_ASSERT_EQUAL(ask_key(ledger, "paid", SHORT_MS, &at), LEDGER_KEY_IN_FLIGHT);
    CU_ASSERT_EQUAL(ask_key(ledger, "refused", SHORT_MS, &at), LEDGER_KEY_IN_FLIGHT);
    CU_ASSERT_EQUAL(ask_key(ledger, "never", ENDLESS_MS, &at), LEDGER_TRANSFER_NOT_FOUND);
    pg_close(&stalled);
    CU_ASSERT_EQUAL(ask_key(ledger, "paid", ENDLESS_MS, &at), LEDGER_OK);
    CU_ASSERT_EQUAL(at, 6);
    CU_ASSERT_EQUAL(ask_key(ledger, "refused", ENDLESS_MS, &at), LEDGER_OK);
    CU_ASSERT_EQUAL(at, 7);
    ledger = request_restart(ledger, db, strategy);
    CU_ASSERT_EQUAL(ask_key(ledger, "paid", ENDLESS_MS, &at), LEDGER_OK);
    CU_ASSERT_EQUAL(at, 6);
    ledger_close(&ledger);
}

/* The batch is refused, writes stop: what was decided will not be, but nobody is told to pay again
 * while this journal has it. */
static void a_key_of_a_failed_commit(const char *strategy)
{
    const char *db = fixture_database();
    struct ledger *ledger = fixture_open_abc(db, strategy);
    uint64_t at;
    CU_ASSERT_EQUAL(fixture_move(ledger, "before", "a", "b", 1), LEDGER_OK);
    fixture_do(db, "ALTER TABLE teller.entry ADD CHECK (seq < 7) NOT VALID");
    CU_ASSERT_EQUAL(fixture_move(ledger, "failed", "a", "b", 10), LEDGER_OUTCOME_UNKNOWN);
    CU_ASSERT_EQUAL(journal_state(ledger->journal), LEDGER_STOPPED);
    CU_ASSERT(fixture_heard(NOTICE_TROUBLE, "ledger main stopped, reads go on: "));
    CU_ASSERT_EQUAL(ask_key(ledger, "failed", ENDLESS_MS, &at), LEDGER_KEY_IN_FLIGHT);
    CU_ASSERT_EQUAL(ask_key(ledger, "before", ENDLESS_MS, &at), LEDGER_OK);
    CU_ASSERT_EQUAL(at, 6);
    CU_ASSERT_EQUAL(ask_key(ledger, "never", ENDLESS_MS, &at), LEDGER_TRANSFER_NOT_FOUND);
    ledger_close(&ledger);
}

/* ---- bounds --------------------------------------------------------------------------------- */

/* Transfers of 1,000 postings: 96 KB each, in memory as in a batch. */
enum { LARGE = 900, LARGE_BYTES = 96000 };

enum { TRY_MS = 4000 }; /* less than a try of a commit may take */

/* Too much waits; or, where that took about as long as a try of a commit since the stall began, it
 * is not known whose the ledger is. */
static bool is_turned_away(enum ledger_status status, int64_t stalled_ns)
{
    bool may_be_lost = co_clock_now_ns() - stalled_ns > TRY_MS * CO_CLOCK_MS;
    return status == LEDGER_OVERLOADED || (may_be_lost && status == LEDGER_UNAVAILABLE);
}

/* Send all of them while nothing is committed: how many were taken. */
static size_t take_large(struct ledger *ledger, int64_t stalled_ns)
{
    static struct ledger_leg legs[ENTRY_POSTINGS_MAX];
    static struct ledger_transfer transfers[LARGE];
    static struct ledger_outcome outcomes[LARGE];
    size_t taken = 0;
    for (size_t i = 0; i < ENTRY_POSTINGS_MAX; i++)
        legs[i] = i % 2 ? (struct ledger_leg){"b", "a", 1} : (struct ledger_leg){"a", "b", 1};
    for (size_t i = 0; i < LARGE; i++)
        transfers[i] = (struct ledger_transfer){.legs = legs, .leg_count = ENTRY_POSTINGS_MAX};
    struct co_context *context = within(SHORT_MS);
    ledger_transfer_batch(context, ledger, false, transfers, LARGE, outcomes);
    co_context_release(&context);
    for (size_t i = 0; i < LARGE; i++) {
        bool is_taken = outcomes[i].status == LEDGER_OUTCOME_UNKNOWN;
        CU_ASSERT(is_taken || is_turned_away(outcomes[i].status, stalled_ns));
        CU_ASSERT_EQUAL(outcomes[i].entry != NULL, is_taken);
        entry_drop(&outcomes[i].entry);
        taken += is_taken;
    }
    CU_ASSERT(taken < LARGE);
    return taken;
}

/* Are that many entries of the journal's end in memory? */
static bool remembers(struct ledger *ledger, uint64_t count)
{
    struct entry *entry;
    size_t got = 0;
    bool here =
        journal_recent(ledger->journal, journal_durable(ledger->journal) - count, 1, &entry, &got);
    if (got)
        entry_drop(&entry);
    return here;
}

/* A page of the journal has few of them, the next one goes on where it ended. */
static void page_through(struct ledger *ledger, size_t taken)
{
    static struct entry *entries[LARGE];
    struct ledger_entry_page page = {.entries = entries, .limit = LARGE, .count = 1};
    uint64_t after = 5;
    size_t pages = 0;
    for (; page.count > 0 && after < 5 + taken; pages++) {
        CU_ASSERT_EQUAL(ledger_journal(co_context_background(), ledger, after, &page), LEDGER_OK);
        for (size_t i = 0; i < page.count; i++) {
            CU_ASSERT_EQUAL(entries[i]->seq, ++after);
            CU_ASSERT_EQUAL(entries[i]->posting_count, ENTRY_POSTINGS_MAX);
            entry_drop(&entries[i]);
        }
    }
    CU_ASSERT_EQUAL(after, 5 + taken);
    CU_ASSERT(pages > (taken - 200) / 9); /* the last 170 or so are in memory */
}

/* So has what the audits read at a time. */
static void stretches_are_bounded(const char *db, size_t taken)
{
    char error[300];
    struct audit_stretch *stretch = calloc(1, sizeof *stretch);
    struct pg *pg = pg_connect(co_context_background(), db, NULL, error, sizeof error);
    CU_ASSERT_FATAL(pg && stretch);
    uint64_t batch = 0, last = 0;
    do {
        const struct audit_stretch_query query = {
            .ledger = 1, .after = batch, .upto = INT64_MAX, .last = AUDIT_POSTINGS};
        enum pg_status status = audit_stretch_read(co_context_background(), pg, &query, stretch);
        CU_ASSERT_EQUAL_FATAL(status, PG_OK);
        CU_ASSERT(stretch->tables[AUDIT_POSTINGS].size < 16 << 20);
        if (stretch->count > 0) {
            batch = stretch->batches[stretch->count - 1].number;
            last = stretch->batches[stretch->count - 1].last_seq;
        }
    } while (stretch->count > 0);
    CU_ASSERT(last >= 5 + taken);
    audit_stretch_free(stretch);
    free(stretch);
    pg_close(&pg);
}

static void bounded_in_bytes(const char *strategy)
{
    const char *db = fixture_database();
    struct ledger *ledger = fixture_open_abc(db, strategy);
    struct ledger_figures figures;
    ledger_read_figures(ledger, &figures);
    uint64_t batches = figures.batches;
    struct pg *stalled = stall(db);
    int64_t stalled_ns = co_clock_now_ns();
    size_t taken = take_large(ledger, stalled_ns);
    ledger_read_figures(ledger, &figures);
    CU_ASSERT_EQUAL(figures.pending, taken);
    CU_ASSERT(figures.pending_bytes >= taken * LARGE_BYTES);
    CU_ASSERT(figures.pending_bytes < (64 << 20) + 2 * LARGE_BYTES);
    CU_ASSERT(is_turned_away(fixture_move(ledger, NULL, "a", "b", 1), stalled_ns));
    pg_close(&stalled);
    CU_ASSERT(ledger_await(co_context_background(), ledger, figures.head_seq - 1));
    ledger_read_figures(ledger, &figures);
    CU_ASSERT_EQUAL(figures.durable_seq, 5 + taken); /* what was taken is committed */
    CU_ASSERT_EQUAL(figures.pending_bytes, 0);
    CU_ASSERT(figures.batches - batches >= taken * LARGE_BYTES / (5 << 20));
    CU_ASSERT(remembers(ledger, (15 << 20) / LARGE_BYTES));
    CU_ASSERT_FALSE(remembers(ledger, (17 << 20) / LARGE_BYTES));
    page_through(ledger, taken);
    CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "a", "b", 1), LEDGER_OK);
    stretches_are_bounded(db, taken);
    fixture_check(ledger);
    ledger_close(&ledger);
}

/* A commit stalls for so long that it is no longer known whose the ledger is, and the queue is
 * full: that nothing was done is known all the same, and told immediately. */
static void turned_away_at_once(const char *strategy)
{
    enum { STALLED_MS = 6000, AT_ONCE_MS = 2000, BATCH = 10000, BATCHES = 10 };
    const char *db = fixture_database();
    struct ledger *ledger = fixture_open_abc(db, strategy);
    struct ledger_transfer *transfers = calloc(BATCH, sizeof *transfers);
    struct ledger_outcome *outcomes = calloc(BATCH, sizeof *outcomes);
    const struct ledger_leg there = {"b", "a", 1}, back = {"a", "b", 1};
    struct pg *stalled = stall(db);
    CU_ASSERT_EQUAL(hurry(ledger, NULL, "a", "b", 1), LEDGER_OUTCOME_UNKNOWN);
    co_sleep(STALLED_MS * CO_CLOCK_MS);
    for (int i = 0; i < BATCH; i++)
        transfers[i] = (struct ledger_transfer){.legs = i % 2 ? &back : &there, .leg_count = 1};
    for (int i = 0; i < BATCHES; i++) {
        struct co_context *context = within(SHORT_MS);
        ledger_transfer_batch(context, ledger, true, transfers, BATCH, outcomes);
        co_context_release(&context);
        for (int j = 0; j < BATCH; j++)
            entry_drop(&outcomes[j].entry);
    }
    struct co_context *context = within(AT_ONCE_MS);
    const struct ledger_transfer more = {.legs = &there, .leg_count = 1};
    struct ledger_outcome outcome;
    ledger_transfer(context, ledger, &more, &outcome);
    CU_ASSERT(outcome.status == LEDGER_OVERLOADED || outcome.status == LEDGER_UNAVAILABLE);
    CU_ASSERT_EQUAL(co_context_err(context), CO_CONTEXT_OK);
    co_context_release(&context);
    pg_close(&stalled);
    ledger_close(&ledger);
    free(transfers);
    free(outcomes);
}

#define TESTS(X)                                                                                   \
    X(time_rises)                                                                                  \
    X(time_is_awaited)                                                                             \
    X(time_begins_at_the_databases)                                                                \
    X(nothing_is_told_early)                                                                       \
    X(a_key_in_flight_is_never_none)                                                               \
    X(a_key_of_a_failed_commit) X(turned_away_at_once) X(bounded_in_bytes)
FIXTURE_BOTH(journal)
