/* SPDX-License-Identifier: MIT */
/* The audit finds what was altered behind the service's back, and names the position. */
#include "tests/ledger/fixture.h"

#include <stdio.h>
#include <string.h>

#include "ledger/audit/audit_replay.h"
#include "ledger/ledger_private.h"
#include "ledger/memory/account_table.h"

static struct audit_report report;

static void audit(struct ledger *ledger)
{
    CU_ASSERT_EQUAL(ledger_audit(co_context_background(), ledger, NULL, &report), LEDGER_OK);
}

/* seq 1 world, 2 a, 3 b, 4 in 100, 5 hold 30, 6 capture 20, 7 out 10, 8 a freeze, 9 unfreeze */
static struct ledger *make_history(const char *db, const char *strategy)
{
    struct ledger *ledger = fixture_open(db, strategy);
    struct co_context *context = co_context_background();
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
    {"UPDATE entry SET amount = 11 WHERE seq = 7", 7},
    {"UPDATE entry SET to_after = 31 WHERE seq = 7", 7},
    {"UPDATE entry SET from_prev = 5 WHERE seq = 7", 7},
    {"UPDATE entry SET account = 2 WHERE seq = 8", 8}, /* memory is right about 7, the last of a */
    {"UPDATE account SET floor = -1 WHERE id = 'b'", 3},
    {"UPDATE entry SET amount = 31 WHERE seq = 5", 5},
    {"UPDATE held SET held = 31 WHERE seq = 5", 5},
    {"UPDATE batch SET hash = sha256('x') WHERE last_seq = 5", 5},
    {"UPDATE batch SET hash = NULL WHERE last_seq = 5", 5},
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
    {"INSERT INTO earlier_hold SELECT * FROM hold", 5},
    {"UPDATE entry SET kind = 2 WHERE seq = 5", 5},
    {"DELETE FROM held WHERE seq = 6", 6},
    {"INSERT INTO waypoint VALUES (1, 2, 5)", 5}, /* the hold moves nothing */
    {"INSERT INTO waypoint VALUES (1, 1, 7)", 7}, /* between a and b, not the world */
    {"DELETE FROM entry WHERE seq >= 8", 8},
    {"DELETE FROM entry WHERE seq >= 9; DELETE FROM batch WHERE last_seq >= 9", 9},
};

static void names_what_was_altered(const char *strategy)
{
    const char *db = fixture_database();
    struct ledger *ledger = make_history(db, strategy);
    char error[300], sql[500];
    struct pg *pg = pg_connect(co_context_background(), db, NULL, error, sizeof error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(pg);
    static const char copy[] = "DROP SCHEMA IF EXISTS kept CASCADE; CREATE SCHEMA kept";
    static const char *const tables[] = {"entry", "further_posting", "account", "earlier_hold",
        "held", "waypoint", "batch", "writer"};
    enum { TABLES = sizeof tables / sizeof tables[0] };
    CU_ASSERT_EQUAL(pg_script(co_context_background(), pg, copy), PG_OK);
    for (size_t i = 0; i < TABLES; i++) {
        snprintf(sql, sizeof sql, "CREATE TABLE kept.%s AS TABLE teller.%s", tables[i], tables[i]);
        CU_ASSERT_EQUAL(pg_script(co_context_background(), pg, sql), PG_OK);
    }
    for (size_t fault = 0; fault < sizeof faults / sizeof faults[0]; fault++) {
        snprintf(sql, sizeof sql, "SET session_replication_role = replica; %s", faults[fault].sql);
        CU_ASSERT_EQUAL(pg_script(co_context_background(), pg, sql), PG_OK);
        audit(ledger);
        CU_ASSERT(report.found > 0);
        CU_ASSERT_EQUAL(report.wrong_seq, faults[fault].seq);
        if (report.wrong_seq != faults[fault].seq)
            printf("    %s: %s\n", faults[fault].sql, report.text);
        for (size_t i = 0; i < TABLES; i++) {
            snprintf(sql, sizeof sql, "DELETE FROM %s; INSERT INTO %s TABLE kept.%s", tables[i],
                tables[i], tables[i]);
            CU_ASSERT_EQUAL(pg_script(co_context_background(), pg, sql), PG_OK);
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

/* Journals from before first postings and holds were in the entry's row: they read the same, and
 * their chain holds. */
static const char lay_out_as_before[] =
    "ALTER TABLE teller.entry DROP CONSTRAINT entry_posting;"
    "INSERT INTO teller.further_posting SELECT * FROM teller.posting WHERE leg = 0;"
    "INSERT INTO teller.earlier_hold SELECT * FROM teller.hold;"
    "UPDATE teller.entry SET from_no = NULL, to_no = NULL, amount = NULL, from_after = NULL,"
    " to_after = NULL, from_prev = NULL, to_prev = NULL, expires_at = NULL";

static void expect_readable(struct ledger *ledger)
{
    enum { PAGE = 10 };
    struct entry *entries[PAGE];
    struct ledger_entry_page page = {.entries = entries, .limit = PAGE};
    struct ledger_account account;
    uint64_t seq;
    CU_ASSERT_EQUAL(
        ledger_statement(co_context_background(), ledger, "b", UINT64_MAX, &page), LEDGER_OK);
    CU_ASSERT_EQUAL(page.count, 2); /* 6 and 7 */
    for (size_t i = 0; i < page.count; i++) {
        CU_ASSERT_EQUAL(entries[i]->posting_count, 1);
        CU_ASSERT(entries[i]->postings[0].to_after == (i == 0 ? 30 : 20));
        entry_drop(&entries[i]);
    }
    CU_ASSERT_EQUAL(ledger_read_account_at(co_context_background(), ledger, "b",
                        &(struct ledger_moment){.seq = 6}, &account, &seq),
        LEDGER_OK);
    CU_ASSERT(account.balance == 20);
    CU_ASSERT_EQUAL(fixture_move(ledger, "in", "world:USD.2", "a", 100), LEDGER_OK); /* again */
    CU_ASSERT(fixture_balance(ledger, "a") == 70);
}

static void reads_the_layout_before(const char *strategy)
{
    static const char postings[] =
        "SELECT md5(string_agg(p::text, ',' ORDER BY seq, leg)) || md5(string_agg(h::text, ','))"
        " FROM teller.posting p FULL JOIN teller.hold h USING (ledger, seq)";
    const char *db = fixture_database();
    char before[80];
    struct ledger *ledger = make_history(db, strategy);
    expect_readable(ledger);
    ledger_close(&ledger);
    snprintf(before, sizeof before, "%s", fixture_ask(db, postings));
    fixture_do(db, lay_out_as_before);
    CU_ASSERT_STRING_EQUAL(fixture_ask(db, postings), before);
    fixture_forget(db);
    ledger = fixture_open(db, strategy);
    expect_readable(ledger);
    audit(ledger);
    CU_ASSERT_EQUAL(report.found, 0);
    CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "a", "b", 1), LEDGER_OK);
    audit(ledger);
    CU_ASSERT_EQUAL(report.found, 0);
    CU_ASSERT_STRING_EQUAL(fixture_ask(db, "SELECT count(*) FROM teller.audit"), "0");
    ledger_close(&ledger);
}

#define TESTS(X)                                                                                   \
    X(passes_what_is_whole)                                                                        \
    X(names_what_was_altered) X(compares_with_memory) X(reads_the_layout_before)
FIXTURE_BOTH(audit)
