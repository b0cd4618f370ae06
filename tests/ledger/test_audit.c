/* SPDX-License-Identifier: MIT */
/* The audit finds what was altered behind the service's back, and names the position. */
#include "tests/ledger/fixture.h"

#include <stdio.h>
#include <string.h>

#include "ledger/audit.h"
#include "ledger/ledger_parts.h"

static struct audit_report report;

static void audit(struct ledger *ledger)
{
    CU_ASSERT_EQUAL(ledger_audit(context_background(), ledger, &report), LEDGER_OK);
}

/* seq 1 world, 2 a, 3 b, 4 in 100, 5 hold 30, 6 capture 20, 7 out 10, 8 a freeze, 9 unfreeze */
static struct ledger *make_history(const char *db, const char *strategy)
{
    struct ledger *ledger = fixture_open(db, strategy);
    struct context *context = context_background();
    struct ledger_outcome outcome;
    uint64_t seq;
    fixture_account(ledger, "a", "USD/2", "0");
    fixture_account(ledger, "b", "USD/2", "0");
    CU_ASSERT_EQUAL(fixture_move(ledger, "in", "world:USD.2", "a", 100), LEDGER_OK);
    const struct ledger_hold hold = {.from = "a", .to = "b", .amount = 30};
    ledger_hold(context, ledger, &hold, &outcome);
    CU_ASSERT_EQUAL(outcome.status, LEDGER_OK);
    entry_drop(&outcome.entry);
    const struct ledger_settlement capture = {.hold = 5, .capture = true, .amount = 20};
    ledger_settle(context, ledger, &capture, &outcome);
    CU_ASSERT_EQUAL(outcome.status, LEDGER_OK);
    entry_drop(&outcome.entry);
    CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "a", "b", 10), LEDGER_OK);
    CU_ASSERT_EQUAL(ledger_freeze(context, ledger, "b", true, NULL, &seq), LEDGER_OK);
    CU_ASSERT_EQUAL(ledger_freeze(context, ledger, "b", false, NULL, &seq), LEDGER_OK);
    CU_ASSERT_EQUAL(seq, 9);
    return ledger;
}

static void passes_what_is_whole(const char *strategy)
{
    struct ledger *ledger = make_history(fixture_database(), strategy);
    audit(ledger);
    CU_ASSERT_EQUAL(report.found, 0);
    if (report.found)
        printf("    audit: %s\n", report.text);
    CU_ASSERT_EQUAL(report.entries, 9);
    CU_ASSERT_EQUAL(report.postings, 3);
    CU_ASSERT_EQUAL(report.accounts, 3);
    CU_ASSERT_EQUAL(report.holds, 1);
    ledger_close(&ledger);
}

static const struct {
    const char *sql;
    uint64_t seq; /* the lowest one that the audit must name; each batch has one or two entries */
} faults[] = {
    {"UPDATE entry SET key = 'im' WHERE seq = 4", 4},
    {"UPDATE entry SET at = at - interval '1 hour' WHERE seq = 7", 7},
    {"UPDATE entry SET metadata = '{}' WHERE seq = 6", 6},
    {"UPDATE entry SET ref = 4 WHERE seq = 6", 6},
    {"UPDATE posting SET amount = 11 WHERE seq = 7", 7},
    {"UPDATE posting SET to_after = 31 WHERE seq = 7", 7},
    {"UPDATE posting SET from_prev = 5 WHERE seq = 7", 7},
    {"UPDATE account SET floor = -1 WHERE id = 'b'", 3},
    {"UPDATE hold SET amount = 31", 5},
    {"UPDATE held SET held = 31 WHERE seq = 5", 5},
    {"UPDATE batch SET hash = sha256('x') WHERE last_seq = 5", 5},
    {"DELETE FROM entry WHERE seq = 7", 7},
    {"DELETE FROM posting WHERE seq = 7", 7},
    {"DELETE FROM account WHERE id = 'b'", 3},
    {"DELETE FROM hold", 5},
    {"DELETE FROM held WHERE seq = 6", 6},
    {"DELETE FROM entry WHERE seq >= 8", 8},
    {"DELETE FROM entry WHERE seq >= 9; DELETE FROM batch WHERE last_seq >= 9", 9},
    {"DELETE FROM entry WHERE seq >= 9; DELETE FROM batch WHERE last_seq >= 9;"
     "UPDATE writer SET batch = batch - 1",
        9},
};

static void names_what_was_altered(const char *strategy)
{
    const char *db = fixture_database();
    struct ledger *ledger = make_history(db, strategy);
    char error[300], sql[500];
    struct pg *pg = pg_connect(context_background(), db, NULL, error, sizeof error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(pg);
    static const char copy[] = "DROP SCHEMA IF EXISTS kept CASCADE; CREATE SCHEMA kept";
    static const char *const tables[] = {
        "entry", "posting", "account", "hold", "held", "batch", "writer"};
    enum { TABLES = sizeof tables / sizeof tables[0] };
    CU_ASSERT_EQUAL(pg_script(context_background(), pg, copy), PG_OK);
    for (size_t i = 0; i < TABLES; i++) {
        snprintf(sql, sizeof sql, "CREATE TABLE kept.%s AS TABLE teller.%s", tables[i], tables[i]);
        CU_ASSERT_EQUAL(pg_script(context_background(), pg, sql), PG_OK);
    }
    for (size_t fault = 0; fault < sizeof faults / sizeof faults[0]; fault++) {
        snprintf(sql, sizeof sql, "SET session_replication_role = replica; %s", faults[fault].sql);
        CU_ASSERT_EQUAL(pg_script(context_background(), pg, sql), PG_OK);
        audit(ledger);
        CU_ASSERT(report.found > 0);
        CU_ASSERT_EQUAL(report.wrong_seq, faults[fault].seq);
        if (report.wrong_seq != faults[fault].seq)
            printf("    %s: %s\n", faults[fault].sql, report.text);
        for (size_t i = 0; i < TABLES; i++) {
            snprintf(sql, sizeof sql, "DELETE FROM %s; INSERT INTO %s TABLE kept.%s", tables[i],
                tables[i], tables[i]);
            CU_ASSERT_EQUAL(pg_script(context_background(), pg, sql), PG_OK);
        }
    }
    audit(ledger);
    CU_ASSERT_EQUAL(report.found, 0);
    pg_close(&pg);
    ledger_close(&ledger);
}

static void compares_with_memory(const char *strategy)
{
    struct ledger *ledger = make_history(fixture_database(), strategy);
    struct account *a = account_find(ledger->accounts, "a");
    CU_ASSERT_PTR_NOT_NULL_FATAL(a);
    a->balance++;
    audit(ledger);
    CU_ASSERT_EQUAL(report.found, 1);
    CU_ASSERT_EQUAL(report.wrong_seq, 7);
    a->balance--;
    audit(ledger);
    CU_ASSERT_EQUAL(report.found, 0);
    ledger_close(&ledger);
}

#define TESTS(X) X(passes_what_is_whole) X(names_what_was_altered) X(compares_with_memory)
FIXTURE_BOTH(audit)
