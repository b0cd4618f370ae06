/* SPDX-License-Identifier: MIT */
/* The auditor finds what was altered while the ledger is served, and never what was not. */
#include <stdio.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/random.h"
#include "coro/waitgroup.h"
#include "ledger/audit/audit_replay.h"
#include "ledger/journal/checkpointer.h"
#include "ledger/journal/journal.h"
#include "ledger/journal/store.h"
#include "ledger/ledger_private.h"
#include "ledger/memory/account_table.h"
#include "ledger/strategy/strategy.h"
#include "tests/ledger/requests.h"
#include "tests/ledger/storm.h"

enum { PATIENCE_MS = 5000 };

static struct ledger *open_audited(const char *db, const char *strategy)
{
    char error[300];
    const struct ledger_options options = {
        .conninfo = db, .name = "main", .strategy = strategy, .audits_soon = true};
    struct ledger *ledger = ledger_open(co_context_background(), &options, error, sizeof error);
    if (!ledger)
        printf("    %s\n", error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(ledger);
    return ledger;
}

static struct ledger_figures figures_of(struct ledger *ledger)
{
    struct ledger_figures figures;
    ledger_read_figures(ledger, &figures);
    return figures;
}

/* Wait for that many more rounds, or for a finding. */
static void await_rounds(struct ledger *ledger, uint64_t rounds)
{
    uint64_t from = figures_of(ledger).audit_rounds;
    for (int ms = 0; ms < PATIENCE_MS; ms += 5) {
        struct ledger_figures figures = figures_of(ledger);
        if (figures.audit_wrong_seq || figures.audit_rounds >= from + rounds)
            return;
        co_sleep(5 * CO_CLOCK_MS);
    }
    CU_FAIL("the auditor makes no rounds");
}

/* seq 1 world, 2 a, 3 b, 4 in 100, 5 hold 30, 6 capture 20, 7 out 10, 8 a hold 5, 9 freeze b */
static struct ledger *make_history(const char *db, const char *strategy)
{
    struct ledger *ledger = open_audited(db, strategy);
    fixture_account(ledger, "a", "USD/2", "0");
    fixture_account(ledger, "b", "USD/2", "0");
    CU_ASSERT_EQUAL(fixture_move(ledger, "in", "world:USD.2", "a", 100), LEDGER_OK);
    CU_ASSERT_EQUAL(request_hold(ledger, NULL, "a", "b", 30, NULL), LEDGER_OK);
    CU_ASSERT_EQUAL(request_capture(ledger, NULL, 5, 20, NULL), LEDGER_OK);
    CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "a", "b", 10), LEDGER_OK);
    CU_ASSERT_EQUAL(request_hold(ledger, NULL, "a", "b", 5, NULL), LEDGER_OK);
    CU_ASSERT_EQUAL(request_freeze(ledger, "b", true, NULL), LEDGER_OK);
    CU_ASSERT_EQUAL(ledger_durable_seq(ledger), 9);
    return ledger;
}

/* It has found `seq` wrong, and all that follows from it. */
static void expect_found(struct ledger *ledger, uint64_t seq, const char *what)
{
    uint64_t durable = ledger_durable_seq(ledger);
    await_rounds(ledger, 100000);
    struct ledger_figures figures = figures_of(ledger);
    CU_ASSERT_EQUAL(figures.audit_wrong_seq, seq);
    if (figures.audit_wrong_seq != seq)
        printf("    %s: found %lu\n", what, figures.audit_wrong_seq);
    CU_ASSERT(figures.audit_mismatches > 0);
    for (int ms = 0; figures.state != LEDGER_STOPPED && ms < PATIENCE_MS; ms += 5) {
        co_sleep(5 * CO_CLOCK_MS);
        figures = figures_of(ledger);
    }
    CU_ASSERT_EQUAL(figures.state, LEDGER_STOPPED);
    CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "world:USD.2", "a", 1), LEDGER_UNAVAILABLE);
    CU_ASSERT_EQUAL(request_freeze(ledger, "a", true, NULL), LEDGER_UNAVAILABLE);
    CU_ASSERT(fixture_balance(ledger, "b") == 30); /* reads go on */
    CU_ASSERT_EQUAL(ledger_durable_seq(ledger), durable);
}

/* ---- what was altered ---------------------------------------------------------------------- */

static const struct {
    const char *sql;
    uint64_t seq;
} faults[] = {
    {"UPDATE entry SET amount = 11 WHERE seq = 7", 7},
    {"UPDATE entry SET to_after = 'NaN' WHERE seq = 7", 7},
    {"UPDATE entry SET from_prev = 5 WHERE seq = 7", 7},
    {"UPDATE entry SET key = 'im' WHERE seq = 4", 4},
    {"UPDATE entry SET at = at - interval '1 us' WHERE seq = 7", 7},
    {"UPDATE account SET floor = -1 WHERE id = 'b'", 3},
    {"UPDATE account SET opened = -1 WHERE id = 'b'", 3},
    {"UPDATE entry SET amount = 31 WHERE seq = 5", 5},
    {"UPDATE held SET held = 31 WHERE seq = 5", 5},
    {"UPDATE held SET held = 'NaN' WHERE seq = 8", 8},
    {"UPDATE batch SET hash = sha256('x') WHERE last_seq = 5", 5},
    {"UPDATE batch SET hash = NULL WHERE last_seq < 9", 9},
    {"UPDATE batch SET epoch = -1 WHERE last_seq = 5", 5},
    {"DELETE FROM entry WHERE seq = 7", 7},
    {"ALTER TABLE entry DROP CONSTRAINT IF EXISTS entry_posting;"
     "UPDATE entry SET from_no = NULL WHERE seq = 7",
        7},
    {"INSERT INTO further_posting SELECT ledger, seq, 1, from_no, to_no, amount, from_after,"
     " to_after, from_prev, to_prev FROM entry WHERE seq = 7",
        7},
    {"DELETE FROM account WHERE id = 'b'", 3},
    {"ALTER TABLE entry DROP CONSTRAINT IF EXISTS entry_posting;"
     "UPDATE entry SET from_no = NULL WHERE seq = 5",
        5},
    {"DELETE FROM held WHERE seq = 6", 6},
    {"DELETE FROM entry WHERE seq = 9", 9},
    {"UPDATE balance SET balance = balance + 1 WHERE account = 2", 7},
    {"UPDATE balance SET balance = 'NaN' WHERE account = 2", 7},
    {"UPDATE balance SET seq = 6 WHERE account = 2", 7},
    {"DELETE FROM balance WHERE account = 3", 7},
    {"UPDATE standing SET held = held + 1 WHERE account = 2", 8},
    {"UPDATE standing SET held = 'NaN' WHERE account = 2", 8},
    {"UPDATE standing SET frozen = true WHERE account = 2", 8},
    {"UPDATE standing SET seq = 7 WHERE account = 2", 8},
    {"DELETE FROM standing WHERE account = 3", 9},
    {"INSERT INTO standing VALUES (1, 0, 0, true, 4)", 9},
    {"UPDATE open_hold SET amount = 4", 8},
    {"UPDATE open_hold SET amount = 4; UPDATE standing SET held = 4 WHERE account = 2", 8},
    {"UPDATE open_hold SET to_no = 1", 8},
    {"UPDATE open_hold SET expires_at = '2036-01-01'", 8},
    {"DELETE FROM open_hold", 8},
    {"INSERT INTO open_hold SELECT * FROM hold WHERE seq = 5", 8},
    {"UPDATE key_segment SET hashes = set_byte(hashes, 0, get_byte(hashes, 0) # 1)", 9},
    {"UPDATE key_segment SET digest = sha256('')", 9},
    {"UPDATE key_segment SET last_seq = 8", 8},
    {"UPDATE key_segment SET first_seq = 2", 1},
    {"UPDATE key_segment SET keys = 0", 9},
};

static void run(struct pg *pg, const char *sql)
{
    CU_ASSERT_EQUAL(pg_script(co_context_background(), pg, sql), PG_OK);
}

static void finds_what_was_altered(const char *strategy)
{
    static const char *const tables[] = {"entry", "further_posting", "account", "held", "batch",
        "writer", "balance", "standing", "open_hold", "key_segment"};
    enum { TABLES = sizeof tables / sizeof tables[0] };
    const char *db = fixture_database();
    char error[300], sql[500];
    struct ledger *ledger = make_history(db, strategy);
    ledger_close(&ledger);
    struct pg *pg = pg_connect(co_context_background(), db, NULL, error, sizeof error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(pg);
    run(pg, "SET session_replication_role = replica; CREATE SCHEMA kept;"
            "ALTER TABLE entry DROP CONSTRAINT entry_numbers;"
            "ALTER TABLE held DROP CONSTRAINT held_number");
    for (size_t i = 0; i < TABLES; i++) {
        snprintf(sql, sizeof sql, "CREATE TABLE kept.%s AS TABLE teller.%s", tables[i], tables[i]);
        run(pg, sql);
    }
    for (size_t fault = 0; fault < sizeof faults / sizeof faults[0]; fault++) {
        ledger = open_audited(db, strategy);
        await_rounds(ledger, 2);
        run(pg, faults[fault].sql);
        expect_found(ledger, faults[fault].seq, faults[fault].sql);
        ledger_close(&ledger);
        for (size_t i = 0; i < TABLES; i++) {
            snprintf(sql, sizeof sql, "DELETE FROM %s; INSERT INTO %s TABLE kept.%s", tables[i],
                tables[i], tables[i]);
            run(pg, sql);
        }
    }
    ledger = open_audited(db, strategy);
    await_rounds(ledger, 3);
    CU_ASSERT_EQUAL(figures_of(ledger).audit_mismatches, 0);
    CU_ASSERT_EQUAL(figures_of(ledger).audit_checked_seq, 9);
    CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "world:USD.2", "a", 1), LEDGER_OK);
    pg_close(&pg);
    ledger_close(&ledger);
}

/* As a fault in the service could. */
struct spoiling {
    struct account *account;
    int what;
};

static void spoil(void *arg)
{
    const struct spoiling *s = arg;
    s->account->balance += s->what == 0;
    s->account->held += s->what == 1;
    s->account->moved -= s->what == 2;
    s->account->frozen = s->what == 3;
}

static void spoil_memory(struct ledger *ledger, const char *id, int what)
{
    struct spoiling s = {account_find(ledger->accounts, id), what};
    CU_ASSERT_PTR_NOT_NULL_FATAL(s.account);
    strategy_run(ledger->strategy, &s.account, 1, spoil, &s);
}

static void finds_wrong_memory(const char *strategy)
{
    for (int what = 0; what < 4; what++) {
        struct ledger *ledger = make_history(fixture_database(), strategy);
        await_rounds(ledger, 2);
        spoil_memory(ledger, "a", what);
        expect_found(ledger, 8, "memory");
        ledger_close(&ledger);
    }
}

/* The service itself writes what is wrong, with the right hash. */
static void finds_a_wrong_posting(const char *strategy)
{
    struct ledger *ledger = make_history(fixture_database(), strategy);
    await_rounds(ledger, 1);
    spoil_memory(ledger, "a", 0); /* and immediately, before it is compared, it becomes durable */
    (void)fixture_move(ledger, NULL, "world:USD.2", "a", 1);
    await_rounds(ledger, 100000);
    uint64_t wrong = figures_of(ledger).audit_wrong_seq;
    CU_ASSERT(wrong == 8 || wrong == 10);
    co_sleep(1300 * CO_CLOCK_MS); /* meanwhile the database was found in good health */
    CU_ASSERT_EQUAL(figures_of(ledger).state, LEDGER_STOPPED);
    CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "world:USD.2", "a", 1), LEDGER_UNAVAILABLE);
    ledger_close(&ledger);
}

/* ---- what was not -------------------------------------------------------------------------- */

struct client {
    struct storm storm;
    struct co_waitgroup *all;
    char name[40];
    int requests;
};

static void client_main(void *arg)
{
    struct client *client = arg;
    for (int i = 0; i < client->requests; i++)
        storm_request(&client->storm);
    co_waitgroup_done(client->all);
}

struct trouble {
    const char *db;
    struct ledger *ledger;
    _Atomic bool over;
    int folds;
    struct co_waitgroup done;
};

/* Sessions are cut, the balances are folded. */
static void trouble_main(void *arg)
{
    struct trouble *t = arg;
    while (!t->over) {
        co_sleep((20 + (int)(co_random_next() % 60)) * CO_CLOCK_MS);
        t->folds += checkpointer_fold(t->ledger->checkpointer);
        if (co_random_next() % 2)
            fixture_ask(t->db, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                               " WHERE datname = current_database() AND pid <> pg_backend_pid()");
    }
    co_waitgroup_done(&t->done);
}

static void storm_over(const char *db, struct ledger *ledger, int life)
{
    enum { CLIENTS = 24, REQUESTS = 60 };
    static struct client clients[CLIENTS];
    struct co_waitgroup all = {0};
    struct trouble trouble = {.db = db, .ledger = ledger};
    co_waitgroup_add(&trouble.done, 1);
    bool started = co_spawn(trouble_main, &trouble);
    co_ensure(started);
    for (int i = 0; i < CLIENTS; i++) {
        struct client *client = &clients[i];
        *client = (struct client){.all = &all, .requests = REQUESTS};
        snprintf(client->name, sizeof client->name, "l%d-c%d", life, i);
        client->storm = (struct storm){.ledger = ledger,
            .random = unit_seed() + 1000 * (uint64_t)life + (uint64_t)i,
            .name = client->name};
        co_waitgroup_add(&all, 1);
        started = co_spawn(client_main, client);
        co_ensure(started);
    }
    co_waitgroup_wait(&all);
    trouble.over = true;
    co_waitgroup_wait(&trouble.done);
    CU_ASSERT(trouble.folds > 0);
}

static void never_cries_wolf(const char *strategy)
{
    enum { LIVES = 3 };
    const char *db = fixture_database();
    uint64_t rounds = 0;
    for (int life = 0; life < LIVES; life++) {
        struct ledger *ledger = open_audited(db, strategy);
        storm_prepare(ledger);
        storm_over(db, ledger, life);
        co_sleep(1300 * CO_CLOCK_MS); /* what is still held expires */
        await_rounds(ledger, 3);
        struct ledger_figures figures = figures_of(ledger);
        CU_ASSERT_EQUAL(figures.audit_mismatches, 0);
        CU_ASSERT_EQUAL(figures.state, LEDGER_RUNNING);
        rounds += figures.audit_rounds;
        fixture_check(ledger);
        ledger_close(&ledger);
    }
    printf("(%lu rounds) ", rounds);
}

/* A server that was replaced compares only with what was its own. */
static void is_silent_when_fenced(const char *strategy)
{
    const char *db = fixture_database();
    struct ledger *ledger = make_history(db, strategy);
    await_rounds(ledger, 1);
    fixture_do(db,
        "WITH w AS (UPDATE teller.writer SET epoch = epoch + 1 RETURNING *), b AS"
        " (INSERT INTO teller.batch (ledger, no, epoch, first_seq, last_seq)"
        "  SELECT ledger, 1 + (SELECT max(no) FROM teller.batch), epoch, 10, 10 FROM w)"
        " INSERT INTO teller.entry (ledger, seq, at, kind) SELECT ledger, 10, now(), 10 FROM w");
    co_sleep(20 * CO_CLOCK_MS); /* it may not know yet */
    CU_ASSERT_NOT_EQUAL(fixture_move(ledger, NULL, "world:USD.2", "a", 5), LEDGER_OK);
    co_sleep(100 * CO_CLOCK_MS);
    CU_ASSERT_EQUAL(figures_of(ledger).audit_mismatches, 0);
    CU_ASSERT_EQUAL(figures_of(ledger).state, LEDGER_FENCED);
    ledger_close(&ledger);
}

#define TESTS(X)                                                                                   \
    X(finds_what_was_altered)                                                                      \
    X(finds_wrong_memory)                                                                          \
    X(finds_a_wrong_posting) X(never_cries_wolf) X(is_silent_when_fenced)
FIXTURE_BOTH(auditor)
