/* SPDX-License-Identifier: MIT */
/* What people ask with psql: views, statement(), and what the schema says of itself. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "tests/ledger/requests.h"

static void everything_has_a_comment(void)
{
    static const char without[] =
        "SELECT coalesce(string_agg(what, ', ' ORDER BY what), '') FROM ("
        "SELECT c.relname::text AS what FROM pg_class c"
        " WHERE c.relnamespace = 'teller'::regnamespace AND c.relkind IN ('r', 'p', 'v')"
        " AND obj_description(c.oid, 'pg_class') IS NULL"
        " UNION ALL SELECT c.relname || '.' || a.attname FROM pg_class c JOIN pg_attribute a"
        " ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
        " WHERE c.relnamespace = 'teller'::regnamespace AND c.relkind IN ('r', 'p')"
        " AND col_description(c.oid, a.attnum) IS NULL"
        " UNION ALL SELECT p.oid::regprocedure::text FROM pg_proc p"
        " WHERE p.pronamespace = 'teller'::regnamespace"
        " AND obj_description(p.oid, 'pg_proc') IS NULL"
        ") x";
    const char *db = fixture_database();
    struct ledger *ledger = fixture_open(db, "owner");
    ledger_close(&ledger);
    const char *bare = fixture_ask(db, without);
    CU_ASSERT_STRING_EQUAL(bare, "");
    if (*bare)
        printf("    without a comment: %s\n", bare);
}

static void kinds_are_words(void)
{
    char sql[80];
    const char *db = fixture_database();
    struct ledger *ledger = fixture_open(db, "owner");
    ledger_close(&ledger);
    for (int kind = ENTRY_ACCOUNT; kind <= ENTRY_UNFREEZE; kind++) {
        snprintf(sql, sizeof sql, "SELECT teller.kind_name(%d::smallint)", kind);
        CU_ASSERT_STRING_EQUAL(fixture_ask(db, sql), entry_kind_name((enum entry_kind)kind));
    }
}

/* ---- statement() ----------------------------------------------------------------------------- */

enum { MOVES = 300 };

/* a and b move money each time, c once, in the beginning; d never. Some by two legs. */
static struct ledger *make_history(const char *db)
{
    struct ledger *ledger = fixture_open_abc(db, "owner");
    fixture_account(ledger, "d", "USD/2", "0");
    CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "a", "c", 7), LEDGER_OK);
    for (int i = 0; i < MOVES; i++) {
        const struct ledger_leg legs[] = {{"a", "b", 2}, {"b", "a", 2}};
        const struct ledger_transfer transfer = {.legs = legs, .leg_count = i % 3 ? 2 : 1};
        struct ledger_outcome outcome;
        if (i % 40 == 0)
            CU_ASSERT_EQUAL(request_transfer(ledger, NULL, "b", "a", 2, NULL),
                i ? LEDGER_OK : LEDGER_INSUFFICIENT_FUNDS);
        ledger_transfer(co_context_background(), ledger, &transfer, &outcome);
        entry_drop(&outcome.entry);
    }
    return ledger;
}

/* The function says what the view says, page by page as in one. */
static void expect_same(const char *db, const char *account)
{
    char sql[1200];
    snprintf(sql, sizeof sql,
        "SET search_path = teller; WITH f AS (SELECT seq, leg, at, kind, key, other_account,"
        " amount, balance, asset, metadata::text FROM statement('%1$s', 100000)), v AS (SELECT seq,"
        " leg, at, kind, key, other_account, amount, balance, asset, metadata::text FROM statement"
        " WHERE account = '%1$s')"
        " SELECT 1 / (CASE WHEN EXISTS (TABLE f EXCEPT ALL TABLE v) OR"
        " EXISTS (TABLE v EXCEPT ALL TABLE f) THEN 0 ELSE 1 END)",
        account);
    fixture_do(db, sql);
    snprintf(sql, sizeof sql,
        "SET search_path = teller; DO $$ DECLARE last bigint; n int; total int := 0; BEGIN LOOP"
        " SELECT min(seq), count(DISTINCT seq) INTO last, n"
        "  FROM statement('%1$s', 7, before => last); EXIT WHEN n = 0;"
        " IF n > 7 THEN RAISE 'a page of %%', n; END IF; total := total + n; END LOOP;"
        " IF total <> (SELECT count(DISTINCT seq) FROM statement WHERE account = '%1$s')"
        " THEN RAISE '%% entries', total; END IF; END $$",
        account);
    fixture_do(db, sql);
}

static void says_what_the_view_says(void)
{
    static const char *const accounts[] = {"a", "b", "c", "d", "world:USD.2"};
    const char *db = fixture_database();
    struct ledger *ledger = make_history(db);
    for (int closed = 0; closed < 2; closed++) { /* without a checkpoint, and with one */
        for (size_t i = 0; i < sizeof accounts / sizeof accounts[0]; i++)
            expect_same(db, accounts[i]);
        if (!closed)
            ledger_close(&ledger);
    }
    CU_ASSERT_STRING_EQUAL(fixture_ask(db, "SELECT count(*) FROM teller.statement('nobody')"), "0");
    CU_ASSERT_STRING_EQUAL(
        fixture_ask(db, "SELECT count(*) FROM teller.statement('a', ledger => 'none')"), "0");
}

static unsigned long rows_read(const char *db)
{
    static const char others[] =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND backend_type = 'client backend' AND pid <> pg_backend_pid()";
    while (strcmp(fixture_ask(db, others), "0") != 0)
        co_sleep(10 * CO_CLOCK_MS);
    return strtoul(fixture_ask(db, "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))"
                                   " FROM pg_stat_user_tables WHERE schemaname = 'teller'"),
        NULL, 10);
}

/* A page costs a few look-ups an entry, however many there are. */
static void reads_what_it_shows(void)
{
    static const char *const asked[] = {"SELECT count(*) FROM teller.statement('a', 5)",
        "SELECT count(*) FROM teller.statement('c', 5)",
        "SELECT count(*) FROM teller.statement('a', 5, before => 30)",
        "SELECT count(*) FROM teller.journal(5)",
        "SELECT count(*) FROM teller.journal(5, before => 30)"};
    enum { ENOUGH = 400 };
    const char *db = fixture_database();
    struct ledger *ledger = make_history(db);
    ledger_close(&ledger);
    fixture_do(db, "DO $$BEGIN EXECUTE format('ALTER DATABASE %I SET enable_seqscan = off',"
                   " current_database()); END$$");
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        unsigned long before = rows_read(db);
        fixture_ask(db, asked[i]);
        unsigned long read = rows_read(db) - before;
        CU_ASSERT(read < ENOUGH);
        if (read >= ENOUGH)
            printf("    %s: read %lu rows\n", asked[i], read);
    }
}

/* ---- journal --------------------------------------------------------------------------------- */

static void shows_every_entry(void)
{
    const char *db = fixture_database();
    struct ledger *ledger = fixture_open_abc(db, "owner");
    uint64_t hold;
    CU_ASSERT_EQUAL(request_hold(ledger, "h", "a", "b", 30, &hold), LEDGER_OK);
    CU_ASSERT_EQUAL(request_release(ledger, NULL, hold), LEDGER_OK);
    CU_ASSERT_EQUAL(fixture_move(ledger, "poor", "b", "a", 1), LEDGER_INSUFFICIENT_FUNDS);
    CU_ASSERT_EQUAL(request_freeze(ledger, "b", true, NULL), LEDGER_OK);
    ledger_close(&ledger);
    CU_ASSERT_STRING_EQUAL(
        fixture_ask(db, "SELECT string_agg(concat_ws(' ', seq, kind, key, account, from_account,"
                        " to_account, amount, asset, ref, code, available), ', ' ORDER BY seq)"
                        " FROM teller.journal(100) WHERE ledger = 'main' AND seq > 4"),
        "5 transfer world:USD.2 a 100 USD/2, 6 hold h a b 30 USD/2, 7 release a b 30 USD/2 6,"
        " 8 rejected poor b USD/2 insufficient_funds 0, 9 freeze b USD/2");
}

static const struct unit_test readable_tests[] = {
    {"everything_has_a_comment", everything_has_a_comment}, {"kinds_are_words", kinds_are_words},
    {"says_what_the_view_says", says_what_the_view_says},
    {"reads_what_it_shows", reads_what_it_shows}, {"shows_every_entry", shows_every_entry}, {0}};
const struct unit_suite readable_suite = {.name = "readable", .tests = readable_tests};
