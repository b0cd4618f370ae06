/* SPDX-License-Identifier: MIT */
/*
 * Rows that were altered while the ledger is served, past what the database checks or with its
 * checks taken away: whoever reads them is told that they make no sense, and what the ledger itself
 * holds goes on.
 */
#include <stdio.h>
#include <string.h>

#include "ledger/ledger_private.h"
#include "ledger/read/snapshot.h"
#include "tests/ledger/requests.h"

/* What is done to the journal of make_history(), and what cannot be read then: J the journal, S a's
 * statement, K the key "k", P the past, B the balances of a snapshot, E its entries. */
static const struct {
    const char *sql, *hits;
} alterations[] = {
    {"SELECT", ""},
    {"UPDATE entry SET amount = 'NaN' WHERE seq = 6", "JSKE"},
    {"UPDATE entry SET to_after = 'NaN' WHERE seq = 6", "JSKE"},
    {"UPDATE entry SET from_after = 'NaN' WHERE seq = 6", "JSKPE"},
    {"UPDATE entry SET available = 'NaN' WHERE seq = 7", "JE"},
    {"UPDATE entry SET code = 'no_such_code' WHERE seq = 7", "JE"},
    {"UPDATE entry SET to_no = 99 WHERE seq = 6", "JSKE"},
    {"UPDATE entry SET from_no = -1 WHERE seq = 8", "JE"},
    {"UPDATE entry SET account = 99 WHERE seq = 3", "JE"},
    {"UPDATE entry SET account = 1 << 40 WHERE seq = 9", "JE"},
    {"UPDATE entry SET at = 'infinity' WHERE seq = 6", "JSKE"},
    {"UPDATE entry SET expires_at = '-infinity' WHERE seq = 8", "JE"},
    {"UPDATE entry SET kind = 77 WHERE seq = 6", "JSKE"},
    {"UPDATE entry SET kind = 0 WHERE seq = 9", "JE"},
    {"UPDATE entry SET kind = -1 WHERE seq = 9", "JE"},
    {"UPDATE entry SET from_no = NULL, to_no = NULL, amount = NULL, from_after = NULL,"
     " to_after = NULL, from_prev = NULL, to_prev = NULL WHERE seq = 6",
        "JKE"},
    {"UPDATE entry SET from_no = NULL, to_no = NULL, amount = NULL WHERE seq = 8", "JE"},
    {"UPDATE entry SET kind = 1, account = NULL WHERE seq = 9", "JE"},
    {"UPDATE balance SET balance = 'NaN'", "B"},
    {"UPDATE entry SET fingerprint = '\\x0102' WHERE seq = 6", ""},
    {"DELETE FROM entry WHERE seq = 8", "E"},
};

/* Behind the five entries of fixture_open_abc(). */
static void make_history(struct ledger *ledger)
{
    uint64_t seq;
    CU_ASSERT_EQUAL(fixture_move(ledger, "k", "a", "b", 10), LEDGER_OK);                 /* 6 */
    CU_ASSERT_EQUAL(fixture_move(ledger, "r", "c", "b", 10), LEDGER_INSUFFICIENT_FUNDS); /* 7 */
    CU_ASSERT_EQUAL(request_hold(ledger, NULL, "a", "b", 5, &seq), LEDGER_OK);           /* 8 */
    CU_ASSERT_EQUAL(request_freeze(ledger, "c", true, &seq), LEDGER_OK);                 /* 9 */
}

/* The tables as an owner may leave them. */
static void take_checks_away(const char *db)
{
    fixture_do(db, "SET search_path = teller; DO $$ DECLARE c record; BEGIN FOR c IN"
                   " SELECT conrelid::regclass AS of, conname FROM pg_constraint WHERE"
                   " contype = 'c' AND connamespace = 'teller'::regnamespace LOOP EXECUTE"
                   " format('ALTER TABLE %s DROP CONSTRAINT %I', c.of, c.conname); END LOOP;"
                   " END $$");
}

static void expect(enum ledger_status status, const char *hits, char reader, const char *sql)
{
    bool hit = strchr(hits, reader) != NULL;
    CU_ASSERT_EQUAL(status, hit ? LEDGER_DAMAGED : LEDGER_OK);
    if (status != (hit ? LEDGER_DAMAGED : LEDGER_OK))
        printf("\n    %c: %s: %s ", reader, sql, status_name(status));
}

static void drop_all(struct ledger_entry_page *page)
{
    while (page->count > 0)
        entry_drop(&page->entries[--page->count]);
}

static void read_all(struct ledger *ledger, const char *hits, const char *sql)
{
    enum { PAGE = 20 };
    struct co_context *context = co_context_background();
    struct entry *entries[PAGE], *entry = NULL;
    struct ledger_entry_page page = {.entries = entries, .limit = PAGE};
    struct ledger_account account;
    uint64_t seq;
    expect(ledger_journal(context, ledger, 0, &page), hits, 'J', sql);
    drop_all(&page);
    expect(ledger_statement(context, ledger, "a", 0, &page), hits, 'S', sql);
    drop_all(&page);
    expect(ledger_entry_by_key(context, ledger, "k", &entry, &seq), hits, 'K', sql);
    entry_drop(&entry);
    enum ledger_status again = fixture_move(ledger, "k", "a", "b", 10);
    CU_ASSERT(again == LEDGER_OK || again == LEDGER_DAMAGED || again == LEDGER_KEY_REUSED);
    expect(ledger_read_account_at(
               context, ledger, "a", &(struct ledger_moment){.seq = 6}, &account, &seq),
        hits, 'P', sql);
    CU_ASSERT(fixture_balance(ledger, "b") == 10);
}

static bool take_entry(const struct entry *entry, void *arg)
{
    (void)arg;
    (void)entry_kind_name(entry->kind);
    (void)status_name(entry->code);
    return true;
}

static bool take_balance(const struct snapshot_balance *balance, void *arg)
{
    char text[MONEY_TEXT];
    (void)arg;
    (void)money_format(balance->balance, text);
    return true;
}

static void export_all(const char *db, const char *hits, const char *sql)
{
    char error[300];
    struct snapshot snapshot;
    for (int what = 0; what < 2; what++) { /* what stops a reader ends its connection */
        struct pg *pg = pg_connect(co_context_background(), db, NULL, error, sizeof error);
        CU_ASSERT_FATAL(pg && snapshot_begin(&snapshot, co_context_background(), pg, 1));
        bool good = what == 0 ? snapshot_entries(&snapshot, take_entry, NULL)
                              : snapshot_balances(&snapshot, snapshot.seq, take_balance, NULL);
        bool hit = strchr(hits, what == 0 ? 'E' : 'B') != NULL;
        CU_ASSERT_EQUAL(good, !hit);
        CU_ASSERT_EQUAL(*snapshot.error != '\0', !good);
        if (good == hit)
            printf("\n    %s: %s ", sql, snapshot.error);
        snapshot_end(&snapshot);
        pg_close(&pg);
    }
}

/* The journal's end is not in memory: all is read from the database. */
static void is_told(void)
{
    static const char strategy[] = "sharded";
    char sql[400];
    for (size_t i = 0; i < sizeof alterations / sizeof alterations[0]; i++) {
        const char *db = fixture_database();
        struct ledger *ledger = fixture_open_abc(db, strategy);
        make_history(ledger);
        ledger = request_restart(ledger, db, strategy);
        take_checks_away(db);
        snprintf(sql, sizeof sql, "SET search_path = teller; %s", alterations[i].sql);
        fixture_do(db, sql);
        read_all(ledger, alterations[i].hits, alterations[i].sql);
        export_all(db, alterations[i].hits, alterations[i].sql);
        ledger_close(&ledger);
        (void)fixture_refusal(db, strategy); /* or opened: it must end, one way or the other */
    }
}

const struct unit_suite damaged_suite = {
    .name = "damaged", .tests = (const struct unit_test[]){{"is_told", is_told}, {0}}};
