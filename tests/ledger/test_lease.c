/* SPDX-License-Identifier: MIT */
/* Ledgers that are damaged, or that have lost what was acknowledged. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "ledger/bank/bank.h"
#include "ledger/db/pg.h"
#include "ledger/lease/lease.h"
#include "ledger/lease/lease_interest.h"
#include "tests/ledger/fixture.h"

static struct bank *make(const char *db, const char *witness, bool accepts_lost)
{
    char error[300];
    const struct bank_options options = {
        .conninfo = db, .strategies = "owner", .witness = witness, .accepts_lost = accepts_lost};
    struct bank *bank = bank_make(&options, error, sizeof error);
    co_ensure(bank != NULL);
    return bank;
}

static bool opens(struct bank *bank)
{
    char error[300];
    return bank_open(co_context_background(), bank, error, sizeof error);
}

static void pay_in(struct bank *bank, const char *name, money balance)
{
    struct ledger *ledger = NULL;
    CU_ASSERT_EQUAL_FATAL(bank_find(bank, name, &ledger), LEDGER_OK);
    fixture_account(ledger, "a", "USD/2", "0");
    CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "world:USD.2", "a", 5), LEDGER_OK);
    CU_ASSERT(fixture_balance(ledger, "a") == balance);
    ledger_leave(ledger);
}

static void one_damaged_ledger_leaves_others_alone(void)
{
    const char *db = fixture_database();
    struct bank *bank = make(db, NULL, false);
    struct ledger *ledger;
    bool created;
    CU_ASSERT_FATAL(opens(bank));
    CU_ASSERT_EQUAL(
        bank_create(co_context_background(), bank, "good", NULL, &ledger, &created), LEDGER_OK);
    ledger_leave(ledger);
    pay_in(bank, "main", 5);
    pay_in(bank, "good", 5);
    bank_close(&bank);
    fixture_do(db, "SELECT teller.checkpoint_forget(1);"
                   "UPDATE teller.entry SET amount = 6 WHERE ledger = 1 AND amount = 5");
    bank = make(db, NULL, false);
    CU_ASSERT(opens(bank));
    CU_ASSERT_EQUAL(bank_find(bank, "main", &ledger), LEDGER_UNAVAILABLE);
    pay_in(bank, "good", 10);
    bank_close(&bank);
}

static void a_database_that_went_back_is_refused(void)
{
    const char *db = fixture_database();
    char folder[] = "/tmp/teller-witness-XXXXXX", witness[60];
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
    snprintf(witness, sizeof witness, "%s/witness", folder);
    struct bank *bank = make(db, witness, false);
    CU_ASSERT_FATAL(opens(bank));
    pay_in(bank, "main", 5);
    bank_close(&bank);
    fixture_do(db, "SELECT teller.checkpoint_forget(1); DELETE FROM teller.entry WHERE seq = 3;"
                   "DELETE FROM teller.batch WHERE last_seq = 3");
    bank = make(db, witness, false);
    CU_ASSERT_FALSE(opens(bank));
    CU_ASSERT(bank_is_lost(bank));
    bank_close(&bank);
    bank = make(db, witness, true);
    CU_ASSERT(opens(bank));
    CU_ASSERT_FALSE(bank_is_lost(bank));
    pay_in(bank, "main", 5);
    bank_close(&bank);
    unlink(witness);
    rmdir(folder);
}

static enum ledger_status read_a(struct ledger *ledger)
{
    struct ledger_account account;
    uint64_t seq;
    return ledger_read_account(co_context_background(), ledger, "a", &account, &seq);
}

/* Its beats are kept waiting: what is in memory is not told any more, until one is confirmed. */
static void nothing_is_told_beyond_the_lease(void)
{
    char error[300];
    const char *db = fixture_database();
    struct co_context *context = co_context_background();
    struct ledger *ledger = fixture_open(db, "owner");
    fixture_account(ledger, "a", "USD/2", "0");
    CU_ASSERT_EQUAL(read_a(ledger), LEDGER_OK);
    struct pg *pg = pg_connect(context, db, NULL, error, sizeof error);
    co_ensure(pg != NULL);
    CU_ASSERT_EQUAL(pg_script(context, pg, "BEGIN; LOCK TABLE teller.server"), PG_OK);
    co_sleep(LEASE_MS * CO_CLOCK_MS);
    for (int i = 0; i < 3; i++)
        CU_ASSERT_EQUAL(read_a(ledger), LEDGER_UNAVAILABLE);
    CU_ASSERT_EQUAL(pg_script(context, pg, "COMMIT"), PG_OK);
    pg_close(&pg);
    for (int i = 0; i < 1000 && read_a(ledger) != LEDGER_OK; i++)
        co_sleep(20 * CO_CLOCK_MS);
    CU_ASSERT_EQUAL(read_a(ledger), LEDGER_OK);
    ledger_close(&ledger);
}

/* ---- looks --------------------------------------------------------------------------------- */

/* Whom the ledger of that number is wanted by, once it is `server`, or as it stays. */
static uint64_t await_wanted(struct lease *lease, int ledger, uint64_t server)
{
    struct lease_row row = {.wanted = 0};
    uint64_t seen = 0;
    for (int i = 0; i < 60; i++)
        if (lease_find(lease, ledger, &row) && row.wanted == server)
            break;
        else if (!lease_await_news(co_context_background(), lease, &seen))
            break;
    return row.wanted;
}

/* What it has read stays, and only what changed is read again: also if the transaction that did so
 * ends after later ones, and where a dump brought numbers along that are higher than any here. */
static void a_look_misses_no_change(void)
{
    enum { LEDGERS = 4 };
    char error[300];
    const char *db = fixture_database();
    struct co_context *context = co_context_background();
    const struct lease_options options = {.conninfo = db};
    struct bank *bank = make(db, NULL, false);
    uint64_t seen = 0;
    CU_ASSERT_FATAL(opens(bank));
    bank_close(&bank);
    fixture_do(db, "INSERT INTO teller.ledger (name, strategy)"
                   " SELECT 'x' || i, 'owner' FROM generate_series(2, 4) i;"
                   "INSERT INTO teller.writer (ledger, changed)"
                   " SELECT no, 1000000000000000 FROM teller.ledger WHERE name LIKE 'x%'");
    struct lease *lease;
    CU_ASSERT_EQUAL_FATAL(lease_start(context, &options, &lease, error, sizeof error), PG_OK);
    while (lease_row_count(lease) < LEDGERS && lease_await_news(context, lease, &seen))
        ;
    struct pg *pg = pg_connect(context, db, NULL, error, sizeof error);
    co_ensure(pg != NULL);
    CU_ASSERT_EQUAL(pg_script(context, pg,
                        "BEGIN; UPDATE teller.writer SET wanted = 7, changed = DEFAULT"
                        " WHERE ledger = 2"),
        PG_OK);
    fixture_do(db, "UPDATE teller.writer SET wanted = 8, changed = DEFAULT WHERE ledger = 3");
    CU_ASSERT_EQUAL(await_wanted(lease, 3, 8), 8);
    fixture_do(db, "UPDATE teller.writer SET wanted = 9, changed = DEFAULT WHERE ledger = 3");
    CU_ASSERT_EQUAL(await_wanted(lease, 3, 9), 9);
    CU_ASSERT_EQUAL(await_wanted(lease, 2, 0), 0);
    CU_ASSERT_EQUAL(pg_script(context, pg, "COMMIT"), PG_OK);
    CU_ASSERT_EQUAL(await_wanted(lease, 2, 7), 7);
    CU_ASSERT_EQUAL(await_wanted(lease, 4, 0), 0);
    CU_ASSERT_EQUAL(lease_row_count(lease), LEDGERS);
    pg_close(&pg);
    lease_stop(&lease);
}

/* ---- interests ----------------------------------------------------------------------------- */

static void await_looks(struct lease *lease, int looks)
{
    uint64_t seen = 0;
    for (int i = 0; i <= looks; i++)
        CU_ASSERT(lease_await_news(co_context_background(), lease, &seen));
}

/* One that is written, one that is not: only the first is told to have moved, what is known of it
 * stands still until it is there, and what is known of the other goes on with each look. */
static void only_what_moved_is_told(void)
{
    char error[300];
    const char *db = fixture_database();
    struct co_context *context = co_context_background();
    const struct lease_options options = {.conninfo = db};
    struct lease_interest written, quiet;
    struct lease_row row;
    int64_t told_ns;
    uint64_t seen = 0;
    struct ledger *ledger = fixture_open(db, "owner");
    fixture_do(db, "INSERT INTO teller.ledger (name, strategy) VALUES ('quiet', 'owner');"
                   "INSERT INTO teller.writer (ledger) VALUES (2)");
    struct lease *lease;
    CU_ASSERT_EQUAL_FATAL(lease_start(context, &options, &lease, error, sizeof error), PG_OK);
    lease_interest(lease, &written, 1, 0, 1);
    lease_interest(lease, &quiet, 2, 0, 1);
    CU_ASSERT(lease_interest_await(context, &written, &seen));
    CU_ASSERT_FATAL(lease_interest_told(lease, &quiet, &row, &told_ns));
    CU_ASSERT(row.batch == 0 && lease_interest_known_ns(&quiet) >= told_ns);

    fixture_account(ledger, "a", "USD/2", "0");
    int64_t durable_ns = co_clock_boot_ns();
    CU_ASSERT(lease_interest_await(context, &written, &seen));
    await_looks(lease, 8);
    CU_ASSERT(lease_interest_known_ns(&written) <= durable_ns);
    while (lease_interest_told(lease, &written, &row, &told_ns) &&
           row.seq < ledger_durable_seq(ledger))
        await_looks(lease, 1);
    CU_ASSERT(lease_interest_known_ns(&written) <= durable_ns && told_ns > durable_ns);
    lease_interest_has(lease, &written, row.batch, told_ns);
    CU_ASSERT(lease_interest_known_ns(&written) >= told_ns);
    seen = co_eventcount_read(&written.moved);
    await_looks(lease, 8);
    CU_ASSERT(lease_interest_known_ns(&written) > told_ns);
    CU_ASSERT(lease_interest_known_ns(&quiet) > told_ns);
    CU_ASSERT_EQUAL(co_eventcount_read(&written.moved), seen);
    CU_ASSERT_EQUAL(co_eventcount_read(&quiet.moved), 1);
    lease_interest_end(lease, &written);
    lease_interest_end(lease, &quiet);
    lease_stop(&lease);
    ledger_close(&ledger);
}

const struct unit_suite lease_suite = {.name = "lease",
    .tests = (const struct unit_test[]){
        {"one_damaged_ledger_leaves_others_alone", one_damaged_ledger_leaves_others_alone},
        {"a_database_that_went_back_is_refused", a_database_that_went_back_is_refused},
        {"nothing_is_told_beyond_the_lease", nothing_is_told_beyond_the_lease},
        {"a_look_misses_no_change", a_look_misses_no_change},
        {"only_what_moved_is_told", only_what_moved_is_told}, {0}}};
