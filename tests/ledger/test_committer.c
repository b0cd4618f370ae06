/* SPDX-License-Identifier: MIT */
/* One committer writes all ledgers of a server: what is wrong with one of them is that one's. */
#include <stdio.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/waitgroup.h"
#include "ledger/bank/bank.h"
#include "ledger/db/pg.h"
#include "tests/ledger/fixture.h"

enum { LEDGERS = 4 };

struct payment {
    struct ledger *ledger;
    enum ledger_status status;
    _Atomic bool answered;
    struct co_waitgroup running;
};

static struct {
    const char *db;
    struct bank *bank;
    struct payment payments[LEDGERS]; /* of "main", with the number 1, "l2", "l3", "l4" */
    struct pg *pg;                    /* somebody else's session */
} t;

/* In each ledger a has 100; all of them stay entered until the end. */
static void begin(void)
{
    static const char *const names[LEDGERS] = {"main", "l2", "l3", "l4"};
    char error[300];
    memset(&t, 0, sizeof t);
    t.db = fixture_database();
    const struct bank_options options = {.conninfo = t.db, .strategies = "owner"};
    t.bank = bank_make(&options, error, sizeof error);
    co_ensure(t.bank != NULL);
    CU_ASSERT_FATAL(bank_open(co_context_background(), t.bank, error, sizeof error));
    for (int i = 0; i < LEDGERS; i++) {
        bool created;
        struct ledger **ledger = &t.payments[i].ledger;
        CU_ASSERT_EQUAL_FATAL(
            bank_create(co_context_background(), t.bank, names[i], NULL, ledger, &created),
            LEDGER_OK);
        fixture_account(*ledger, "a", "USD/2", "0");
        fixture_account(*ledger, "b", "USD/2", "0");
        CU_ASSERT_EQUAL(fixture_move(*ledger, NULL, "world:USD.2", "a", 100), LEDGER_OK);
    }
    t.pg = pg_connect(co_context_background(), t.db, NULL, error, sizeof error);
    co_ensure(t.pg != NULL);
}

static void end(void)
{
    pg_close(&t.pg);
    for (int i = 0; i < LEDGERS; i++)
        ledger_leave(t.payments[i].ledger);
    bank_close(&t.bank);
}

static void say(const char *sql)
{
    CU_ASSERT_EQUAL(pg_script(co_context_background(), t.pg, sql), PG_OK);
}

static void pay(void *arg)
{
    struct payment *payment = arg;
    payment->status = fixture_move(payment->ledger, "k", "a", "b", 10);
    payment->answered = true;
    co_waitgroup_done(&payment->running);
}

/* Pay 10 from a to b in that ledger; it is not waited for. */
static void start(int index)
{
    struct payment *payment = &t.payments[index];
    co_waitgroup_add(&payment->running, 1);
    bool started = co_spawn(pay, payment);
    co_ensure(started);
}

/* Decided in memory, each with a position, and not answered. */
static void await_pending(int index, uint64_t count)
{
    struct ledger_figures figures = {0};
    for (int looks = 0; looks < 3000 && figures.pending != count; looks++) {
        co_sleep(5 * CO_CLOCK_MS);
        ledger_read_figures(t.payments[index].ledger, &figures);
    }
    CU_ASSERT_EQUAL(figures.pending, count);
}

/* Nothing can be written; the payment in the first ledger is on its way. */
static void hold_first(void)
{
    say("BEGIN; LOCK TABLE teller.batch IN EXCLUSIVE MODE");
    start(0);
    static const char waits[] = "SELECT count(*) FROM pg_stat_activity WHERE datname ="
                                " current_database() AND wait_event_type = 'Lock'"
                                " AND application_name LIKE 'teller %'";
    for (int i = 0; i < 3000 && strcmp(fixture_ask(t.db, waits), "1") != 0; i++)
        co_sleep(10 * CO_CLOCK_MS);
    CU_ASSERT_STRING_EQUAL(fixture_ask(t.db, waits), "1");
}

/* And those in the others wait for the transaction after that one. */
static void hold_all(void)
{
    hold_first();
    for (int i = 1; i < LEDGERS; i++)
        start(i);
    for (int i = 1; i < LEDGERS; i++) {
        await_pending(i, 1);
        CU_ASSERT_FALSE(t.payments[i].answered);
    }
}

static void expect(int index, enum ledger_status status)
{
    struct payment *payment = &t.payments[index];
    co_waitgroup_wait(&payment->running);
    CU_ASSERT_EQUAL(payment->status, status);
    if (status != LEDGER_OK)
        return;
    CU_ASSERT(fixture_balance(payment->ledger, "b") == 10);
    fixture_check(payment->ledger);
}

/* ---- what gathers -------------------------------------------------------------------------- */

static void gathered_ledgers_share_a_transaction(void)
{
    begin();
    hold_all();
    say("COMMIT");
    for (int i = 0; i < LEDGERS; i++)
        expect(i, LEDGER_OK);
    CU_ASSERT_STRING_EQUAL(
        fixture_ask(t.db, "SELECT string_agg(ledgers::text, ' ' ORDER BY ledgers) FROM (SELECT"
                          " count(*) AS ledgers FROM teller.batch WHERE (ledger, no) IN (SELECT"
                          " ledger, max(no) FROM teller.batch GROUP BY ledger) GROUP BY xmin"
                          "::text) x"),
        "1 3");
    CU_ASSERT_STRING_EQUAL(fixture_ask(t.db, "SELECT count(*) FROM teller.audit"), "0");
    end();
}

enum { MANY = 6000 };

static void pay_many(void *arg)
{
    static const struct ledger_leg leg = {"world:USD.2", "a", 1};
    static struct ledger_transfer transfers[MANY];
    static struct ledger_outcome outcomes[MANY];
    struct payment *payment = arg;
    for (int i = 0; i < MANY; i++)
        transfers[i] = (struct ledger_transfer){.legs = &leg, .leg_count = 1};
    ledger_transfer_batch(
        co_context_background(), payment->ledger, false, transfers, MANY, outcomes);
    for (int i = 0; i < MANY; i++) {
        CU_ASSERT_EQUAL(outcomes[i].status, LEDGER_OK);
        entry_drop(&outcomes[i].entry);
    }
    co_waitgroup_done(&payment->running);
}

/* One has more than its share of a transaction: the others' go with the first part of it. */
static void backlog_leaves_room_for_others(void)
{
    begin();
    hold_first();
    co_waitgroup_add(&t.payments[1].running, 1);
    bool started = co_spawn(pay_many, &t.payments[1]);
    co_ensure(started);
    await_pending(1, MANY);
    for (int i = 2; i < LEDGERS; i++) {
        start(i);
        await_pending(i, 1);
    }
    say("COMMIT");
    co_waitgroup_wait(&t.payments[1].running);
    for (int i = 0; i < LEDGERS; i++)
        if (i != 1)
            expect(i, LEDGER_OK);
    CU_ASSERT_STRING_EQUAL(
        fixture_ask(t.db, "WITH b AS (SELECT *, xmin::text AS x FROM teller.batch), long AS (SELECT"
                          " * FROM b WHERE ledger = 2 AND last_seq - first_seq > 100 ORDER BY no)"
                          " SELECT (SELECT count(*) > 1 FROM long) || ' ' || count(*) FROM b WHERE"
                          " ledger > 2 AND x = (SELECT x FROM long LIMIT 1)"),
        "true 2");
    fixture_check(t.payments[1].ledger);
    end();
}

/* ---- one of them --------------------------------------------------------------------------- */

/* Somebody has locked a ledger's row: the others do not wait for that. */
static void locked_ledger_sits_out(void)
{
    begin();
    say("BEGIN; SELECT FROM teller.writer WHERE ledger = 2 FOR UPDATE");
    start(1);
    for (int i = 0; i < LEDGERS; i++)
        if (i != 1)
            start(i);
    for (int i = 0; i < LEDGERS; i++)
        if (i != 1)
            expect(i, LEDGER_OK);
    for (int i = 0; i < 50; i++)
        CU_ASSERT_EQUAL(fixture_move(t.payments[2].ledger, NULL, "a", "b", 1), LEDGER_OK);
    CU_ASSERT_FALSE(t.payments[1].answered);
    CU_ASSERT_STRING_EQUAL(
        fixture_ask(t.db, "SELECT count(*) FROM teller.entry WHERE key = 'k'"), "3");
    say("COMMIT");
    expect(1, LEDGER_OK);
    end();
}

/* Another try or two, and what it is in. */
static bool runs_after_tries(struct ledger *ledger)
{
    struct ledger_figures figures;
    ledger_read_figures(ledger, &figures);
    uint64_t before = figures.retried_batches;
    while (figures.retried_batches < before + 3) {
        co_sleep(CO_CLOCK_MS);
        ledger_read_figures(ledger, &figures);
    }
    return figures.state == LEDGER_RUNNING;
}

/* While a row is locked for a moment, as by whoever says which server shall have the ledger next,
 * requests are let in. A machine that stalls may make that moment long: then once more. */
static void moment_of_a_lock_is_not_told(void)
{
    bool runs = false;
    begin();
    for (int i = 0; i < 50 && !runs; i++) {
        say("BEGIN; SELECT FROM teller.writer WHERE ledger = 2 FOR UPDATE");
        start(1);
        runs = runs_after_tries(t.payments[1].ledger);
        say("COMMIT");
        co_waitgroup_wait(&t.payments[1].running);
        CU_ASSERT_EQUAL(t.payments[1].status, LEDGER_OK);
    }
    CU_ASSERT(runs);
    end();
}

/* Its epoch has ended: nothing of it gets in, and all of the others does. */
static void taken_ledger_leaves_others_alone(void)
{
    begin();
    hold_all();
    say("UPDATE teller.writer SET epoch = epoch + 1, server = NULL WHERE ledger = 2; COMMIT");
    for (int i = 0; i < LEDGERS; i++)
        expect(i, i == 1 ? LEDGER_OUTCOME_UNKNOWN : LEDGER_OK);
    CU_ASSERT_STRING_EQUAL(
        fixture_ask(t.db, "SELECT count(*) FROM teller.entry WHERE key = 'k'"), "3");
    end();
}

/* Writes to it were stopped. */
static void stopped_ledger_leaves_others_alone(void)
{
    begin();
    hold_all();
    say("UPDATE teller.writer SET stopped = 'somebody said so' WHERE ledger = 3; COMMIT");
    for (int i = 0; i < LEDGERS; i++)
        expect(i, i == 2 ? LEDGER_OUTCOME_UNKNOWN : LEDGER_OK);
    struct ledger_figures figures;
    ledger_read_figures(t.payments[2].ledger, &figures);
    CU_ASSERT_EQUAL(figures.state, LEDGER_STOPPED);
    CU_ASSERT_STRING_EQUAL(figures.reason, "somebody said so");
    CU_ASSERT(fixture_balance(t.payments[2].ledger, "a") == 100);
    end();
}

/* The next entry of that ledger is there already: its batch will be refused. */
#define SPOIL(ledger)                                                                              \
    "INSERT INTO teller.entry (ledger, seq, at, kind, account)"                                    \
    " SELECT " ledger ", max(seq) + 1, now(), 9, 2 FROM teller.entry WHERE ledger = " ledger ";"

/* Which ledger that is does not show at first. */
static void refused_ledger_leaves_others_alone(void)
{
    begin();
    hold_all();
    say(SPOIL("4") "COMMIT");
    for (int i = 0; i < LEDGERS; i++)
        expect(i, i == 3 ? LEDGER_OUTCOME_UNKNOWN : LEDGER_OK);
    struct ledger_figures figures;
    ledger_read_figures(t.payments[3].ledger, &figures);
    CU_ASSERT_EQUAL(figures.state, LEDGER_STOPPED);
    CU_ASSERT_STRING_EQUAL(figures.reason, "the database refused a batch");
    end();
}

/* ---- all of them --------------------------------------------------------------------------- */

/* The database has them, and nobody knows: each is settled, and in once. The first ledger's is
 * refused, so that it is the others' transaction that waits for a standby. */
static void unknown_outcome_is_settled_for_each(const char *how)
{
    enum { TIMES = 3 };
    char ask[400];
    begin();
    snprintf(ask, sizeof ask,
        "SELECT count(%s(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
        " AND datname = current_database() AND application_name LIKE 'teller %%'",
        how);
    hold_all();
    fixture_set_server(t.db, "synchronous_standby_names", "nobody");
    say("SET synchronous_commit = local;" SPOIL("1") "COMMIT");
    int ended = 0;
    for (int looks = 0; ended < 2 * TIMES && looks < 3000; looks++) {
        ended += strcmp(fixture_ask(t.db, ask), "0") != 0;
        co_sleep(10 * CO_CLOCK_MS);
    }
    CU_ASSERT_EQUAL(ended, 2 * TIMES);
    for (int i = 1; i < LEDGERS; i++)
        CU_ASSERT_FALSE(t.payments[i].answered);
    fixture_set_server(t.db, "synchronous_standby_names", NULL);
    for (int i = 0; i < LEDGERS; i++)
        expect(i, i == 0 ? LEDGER_OUTCOME_UNKNOWN : LEDGER_OK);
    CU_ASSERT_STRING_EQUAL(
        fixture_ask(t.db, "SELECT count(*) FROM teller.entry WHERE key = 'k'"), "3");
    end();
}

static void cancelled_waits_are_settled(void)
{
    unknown_outcome_is_settled_for_each("pg_cancel_backend");
}

static void ended_sessions_are_settled(void)
{
    unknown_outcome_is_settled_for_each("pg_terminate_backend");
}

const struct unit_suite committer_suite = {.name = "committer",
    .tests = (const struct unit_test[]){
        {"gathered_ledgers_share_a_transaction", gathered_ledgers_share_a_transaction},
        {"backlog_leaves_room_for_others", backlog_leaves_room_for_others},
        {"locked_ledger_sits_out", locked_ledger_sits_out},
        {"moment_of_a_lock_is_not_told", moment_of_a_lock_is_not_told},
        {"taken_ledger_leaves_others_alone", taken_ledger_leaves_others_alone},
        {"stopped_ledger_leaves_others_alone", stopped_ledger_leaves_others_alone},
        {"refused_ledger_leaves_others_alone", refused_ledger_leaves_others_alone},
        {"cancelled_waits_are_settled", cancelled_waits_are_settled},
        {"ended_sessions_are_settled", ended_sessions_are_settled}, {0}}};
