/* SPDX-License-Identifier: MIT */
/* A start reads the checkpoint and the journal's tail, whatever came before; and it takes over what
 * earlier programs left. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/random.h"
#include "ledger/audit/audit_replay.h"
#include "ledger/embed.h"
#include "ledger/journal/recall.h"
#include "ledger/ledger_private.h"
#include "ledger/memory/hold_table.h"
#include "ledger/memory/keys.h"
#include "ledger/memory/segment.h"
#include "tests/ledger/requests.h"
#include "tests/ledger/storm.h"

/* ---- from any checkpoint -------------------------------------------------------------------- */

/* The audit compares balances, holds and freezing with the journal, in memory and as kept. */
static void expect_all_right(const char *db, struct ledger *ledger, uint64_t open_holds)
{
    struct ledger_figures figures;
    ledger_read_figures(ledger, &figures);
    CU_ASSERT_EQUAL(figures.open_holds, open_holds);
    fixture_check(ledger);
    CU_ASSERT_STRING_EQUAL(
        fixture_ask(db, "SELECT coalesce(min(invariant || ' ' || seq || ' ' || finding), '')"
                        " FROM teller.audit"),
        "");
}

static void advance_to(const char *db, uint64_t seq)
{
    char sql[100], expected[24];
    snprintf(sql, sizeof sql, "SELECT teller.checkpoint_advance(1, %lu)", seq);
    snprintf(expected, sizeof expected, "%lu", seq);
    CU_ASSERT_STRING_EQUAL(fixture_ask(db, sql), expected);
}

/* Every hold that is open can be ended, once, and nothing is held then. */
static void end_all_holds(const char *db, struct ledger *ledger)
{
    static const char oldest[] =
        "SELECT coalesce(min(seq), 0) FROM teller.hold h WHERE NOT EXISTS (SELECT FROM teller.entry"
        " e WHERE e.ref = h.seq AND e.kind IN (5, 6, 7))";
    for (uint64_t hold; (hold = strtoul(fixture_ask(db, oldest), NULL, 10)) > 0;)
        CU_ASSERT_EQUAL_FATAL(request_release(ledger, NULL, hold), LEDGER_OK);
    expect_all_right(db, ledger, 0);
}

static void from_any_checkpoint(const char *strategy)
{
    enum { REQUESTS = 150, STARTS = 12 };
    const char *db = fixture_database();
    struct ledger *ledger = fixture_open(db, strategy);
    struct storm storm = {.ledger = ledger, .random = unit_seed(), .name = "s"};
    struct ledger_figures figures;
    storm_prepare(ledger);
    for (int i = 0; i < REQUESTS; i++)
        storm_request(&storm);
    co_sleep(1300 * CO_CLOCK_MS); /* what expires has expired */
    ledger_read_figures(ledger, &figures);
    uint64_t last = ledger_durable_seq(ledger), open = figures.open_holds;
    ledger_close(&ledger);
    for (int i = 0; i < STARTS; i++) {
        uint64_t first = co_random_of(&storm.random) % last,
                 second = co_random_of(&storm.random) % last;
        fixture_forget(db);
        if (first > 0)
            advance_to(db, first);
        if (second > first)
            advance_to(db, second);
        ledger = fixture_open(db, strategy);
        expect_all_right(db, ledger, open);
        if (i + 1 == STARTS)
            end_all_holds(db, ledger);
        ledger_close(&ledger);
    }
}

/* What the tail does not speak of stays: frozen stays frozen when a hold ends. */
static void keeps_what_stood(const char *strategy)
{
    const char *db = fixture_database();
    struct ledger *ledger = fixture_open_abc(db, strategy);
    CU_ASSERT_EQUAL(request_hold(ledger, NULL, "a", "b", 9, NULL), LEDGER_OK);
    CU_ASSERT_EQUAL(request_freeze(ledger, "a", true, NULL), LEDGER_OK);
    ledger = request_restart(ledger, db, strategy);
    CU_ASSERT_EQUAL(request_release(ledger, NULL, 6), LEDGER_OK);
    ledger = request_restart(ledger, db, strategy);
    CU_ASSERT_TRUE(request_account(ledger, "a").frozen);
    expect_all_right(db, ledger, 0);
    ledger_close(&ledger);
}

/* ---- however many holds have ended, and keys there are --------------------------------------- */

static void await_recall(struct ledger *ledger)
{
    co_waitgroup_wait(&ledger->recall->duty.done);
}

/* What sessions that have ended have read of the ledger's tables, so far. */
static unsigned long rows_read(const char *db)
{
    static const char others[] =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND backend_type = 'client backend' AND pid <> pg_backend_pid()";
    static const char rows[] =
        "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_user_tables"
        " WHERE relname IN ('entry', 'further_posting', 'held', 'earlier_hold', 'open_hold',"
        " 'standing')";
    while (strcmp(fixture_ask(db, others), "0") != 0)
        co_sleep(10 * CO_CLOCK_MS);
    return strtoul(fixture_ask(db, rows), NULL, 10);
}

static unsigned long cost_of_start(const char *db, const char *strategy)
{
    unsigned long before = rows_read(db);
    struct ledger *ledger = fixture_open(db, strategy);
    await_recall(ledger);
    ledger_close(&ledger);
    return rows_read(db) - before;
}

static void hold_and_release(struct ledger *ledger, int times)
{
    char key[40];
    for (int i = 0; i < times; i++) {
        uint64_t hold;
        snprintf(key, sizeof key, "%d-%lu", i, ledger_durable_seq(ledger));
        CU_ASSERT_EQUAL(request_hold(ledger, key, "a", "b", 7, &hold), LEDGER_OK);
        CU_ASSERT_EQUAL(request_release(ledger, NULL, hold), LEDGER_OK);
    }
}

static void whatever_has_ended(const char *strategy)
{
    const char *db = fixture_database();
    /* Of a table of a few pages all rows are read rather than an index: not so here. */
    fixture_do(db, "DO $$BEGIN EXECUTE format('ALTER DATABASE %I SET enable_seqscan = off',"
                   " current_database()); END$$");
    struct ledger *ledger = fixture_open_abc(db, strategy);
    CU_ASSERT_EQUAL(request_hold(ledger, NULL, "a", "b", 9, NULL), LEDGER_OK);
    hold_and_release(ledger, 10);
    ledger_close(&ledger);
    unsigned long few = cost_of_start(db, strategy);
    ledger = fixture_open(db, strategy);
    hold_and_release(ledger, 200);
    ledger_close(&ledger);
    unsigned long many = cost_of_start(db, strategy);
    CU_ASSERT_EQUAL(many, few);
    if (many != few)
        printf("    a start read %lu rows, then %lu\n", few, many);
}

/* What the database is asked for one entry, or a page, costs a few look-ups an entry. */
static void one_entry_is_one_look_up(const char *strategy)
{
    enum { HOLDS = 400, PAGE = 5, ENOUGH = 300 };
    const char *db = fixture_database();
    fixture_do(db, "DO $$BEGIN EXECUTE format('ALTER DATABASE %I SET enable_seqscan = off',"
                   " current_database()); END$$");
    struct ledger *ledger = fixture_open_abc(db, strategy);
    struct entry *entries[PAGE], *entry = NULL;
    struct ledger_entry_page page = {.entries = entries, .limit = PAGE};
    uint64_t seq, hold;
    CU_ASSERT_EQUAL(fixture_move(ledger, "one", "a", "b", 1), LEDGER_OK);
    hold_and_release(ledger, HOLDS);
    CU_ASSERT_EQUAL(request_hold(ledger, NULL, "a", "b", 7, &hold), LEDGER_OK);
    CU_ASSERT_EQUAL(request_capture(ledger, NULL, hold, 7, NULL), LEDGER_OK);
    ledger_close(&ledger);
    fixture_do(db, "ANALYZE");
    unsigned long before = cost_of_start(db, strategy);
    unsigned long rows = rows_read(db);
    ledger = fixture_open(db, strategy);
    await_recall(ledger);
    CU_ASSERT_EQUAL(
        ledger_entry_by_key(co_context_background(), ledger, "one", &entry, &seq), LEDGER_OK);
    entry_drop(&entry);
    CU_ASSERT_EQUAL(
        ledger_statement(co_context_background(), ledger, "b", UINT64_MAX, &page), LEDGER_OK);
    while (page.count > 0)
        entry_drop(&entries[--page.count]);
    CU_ASSERT_EQUAL(request_settled(ledger, hold), ENTRY_CAPTURE);
    ledger_close(&ledger);
    unsigned long read = rows_read(db) - rows - before;
    CU_ASSERT(read < ENOUGH);
    if (read >= ENOUGH)
        printf("    read %lu rows\n", read);
}

/* ---- what the checkpoint says is not believed ------------------------------------------------ */

static void refuses_what_is_kept_wrong(const char *strategy)
{
    static const struct {
        const char *alter, *reason, *audit;
    } cases[] = {
        {"UPDATE teller.standing SET held = 4 WHERE account = 2", "what is held of account 2",
            "standing 9"},
        {"DELETE FROM teller.standing WHERE account = 2", "what is held at 9", "standing 9"},
        {"INSERT INTO teller.standing VALUES (1, 3, 5, false, 9)", "what is held of account 3",
            "standing 9"},
        {"INSERT INTO teller.standing VALUES (1, 99, 0, false, 9)", "what is held of account 99",
            "standing 9"},
        {"UPDATE teller.standing SET held = 'NaN'", "a value of standing row 0", "standing 9"},
        {"DELETE FROM teller.open_hold", "what is held of account 2", "open holds 6"},
        {"UPDATE teller.open_hold SET amount = 4", "what is held of account 2", "open holds 6"},
        {"UPDATE teller.open_hold SET to_no = 99", "hold 6", "open holds 6"},
        {"UPDATE teller.open_hold SET amount = 'NaN'", "a value of open hold 0", "open holds 6"},
        {"INSERT INTO teller.open_hold SELECT * FROM teller.hold WHERE seq = 7",
            "what is held of account 2", "open holds 7"},
    };
    static const char contradiction[] = "the journal contradicts itself: ";
    const char *db = fixture_database();
    struct ledger *ledger = fixture_open_abc(db, strategy);
    CU_ASSERT_EQUAL(request_hold(ledger, NULL, "a", "b", 9, NULL), LEDGER_OK);
    hold_and_release(ledger, 1);
    CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "a", "b", 1), LEDGER_OK);
    ledger_close(&ledger);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fixture_do(db, cases[i].alter);
        const char *refusal = fixture_refusal(db, strategy);
        CU_ASSERT_NSTRING_EQUAL(refusal, contradiction, sizeof contradiction - 1);
        CU_ASSERT_STRING_EQUAL(refusal + sizeof contradiction - 1, cases[i].reason);
        CU_ASSERT_STRING_EQUAL(
            fixture_ask(db, "SELECT min(invariant || ' ' || seq) FROM teller.audit"),
            cases[i].audit);
        fixture_forget(db); /* all of it can be thrown away, and follows from the journal again */
        ledger = fixture_open(db, strategy);
        expect_all_right(db, ledger, 1);
        ledger_close(&ledger);
    }
}

/* ---- keys ------------------------------------------------------------------------------------ */

static const char segments[] =
    "SELECT string_agg(first_seq || '-' || last_seq || ': ' || keys, ', ' ORDER BY first_seq)"
    " FROM teller.key_segment";

/* Each life adds to the segment; the next one knows all keys from it, and none from the journal. */
static void keys_come_packed(const char *strategy)
{
    enum { LIVES = 3, EACH = 20 };
    const char *db = fixture_database();
    struct ledger *ledger = fixture_open_abc(db, strategy);
    char key[24], expected[40];
    for (int life = 0; life < LIVES; life++) {
        await_recall(ledger);
        uint64_t before = ledger_durable_seq(ledger);
        for (int i = 0; i < life * EACH; i++) {
            snprintf(key, sizeof key, "key-%d", i);
            CU_ASSERT_EQUAL(fixture_move(ledger, key, "a", "b", 1), LEDGER_OK);
        }
        CU_ASSERT_EQUAL(ledger_durable_seq(ledger), before); /* they were known */
        for (int i = life * EACH; i < (life + 1) * EACH; i++) {
            snprintf(key, sizeof key, "key-%d", i);
            CU_ASSERT_EQUAL(fixture_move(ledger, key, "a", "b", 1), LEDGER_OK);
        }
        uint64_t last = ledger_durable_seq(ledger);
        ledger = request_restart(ledger, db, strategy);
        await_recall(ledger);
        snprintf(expected, sizeof expected, "1-%lu: %d", last, (life + 1) * EACH);
        CU_ASSERT_STRING_EQUAL(fixture_ask(db, segments), expected);
        CU_ASSERT_EQUAL(ledger->recall->covered, last);
        CU_ASSERT_FALSE(ledger->recall->damaged);
    }
    expect_all_right(db, ledger, 0);
    ledger_close(&ledger);
}

/* 300,000 refusals with keys, as the service would have written them. */
static void make_many(const char *db)
{
    fixture_do(db, "INSERT INTO teller.entry (ledger, seq, at, kind, key, fingerprint, code)"
                   " SELECT 1, i, '2020-01-01'::timestamptz + i * interval '1 ms', 3, 'k-' || i,"
                   " decode(lpad(i::text, 32, '0'), 'hex'), 'insufficient_funds'"
                   " FROM generate_series(1, 300000) i;"
                   "INSERT INTO teller.batch VALUES (1, 1, 1, 1, 300000);"
                   "SELECT teller.checkpoint_advance(1, 300000)");
}

/* As fixture_move(); while old keys are read, on a machine that is busy, whoever waits for one may
 * have to come again. */
static enum ledger_status pay_at_last(struct ledger *ledger, const char *key)
{
    enum ledger_status status = LEDGER_UNAVAILABLE;
    for (int tries = 10; tries > 0 && status == LEDGER_UNAVAILABLE; tries--)
        status = fixture_move(ledger, key, "world:USD.2", "a", 1);
    return status;
}

/* The journal's keys go into segments of a bounded size; they stay as they are when more come. */
static void many_keys_make_segments(const char *strategy)
{
    const char *db = fixture_database();
    struct ledger *ledger = fixture_open(db, strategy);
    ledger_close(&ledger);
    make_many(db);
    ledger = fixture_open(db, strategy);
    fixture_account(ledger, "a", "USD/2", "0");
    CU_ASSERT_EQUAL(pay_at_last(ledger, "k-7"), LEDGER_KEY_REUSED);
    CU_ASSERT_EQUAL(pay_at_last(ledger, "in"), LEDGER_OK);
    ledger = request_restart(ledger, db, strategy);
    await_recall(ledger);
    CU_ASSERT_STRING_EQUAL(
        fixture_ask(db, segments), "1-131072: 131072, 131073-262144: 131072, 262145-300003: 37857");
    CU_ASSERT_EQUAL(ledger->recall->covered, 300003);
    CU_ASSERT_EQUAL(fixture_move(ledger, "k-1", "world:USD.2", "a", 1), LEDGER_KEY_REUSED);
    CU_ASSERT_EQUAL(fixture_move(ledger, "k-131073", "world:USD.2", "a", 1), LEDGER_KEY_REUSED);
    CU_ASSERT_EQUAL(fixture_move(ledger, "k-300000", "world:USD.2", "a", 1), LEDGER_KEY_REUSED);
    CU_ASSERT_EQUAL(fixture_move(ledger, "in", "world:USD.2", "a", 1), LEDGER_OK);
    CU_ASSERT_EQUAL(ledger_durable_seq(ledger), 300003);
    expect_all_right(db, ledger, 0);
    fixture_do(db, "DELETE FROM teller.key_segment WHERE first_seq = 131073");
    ledger = request_restart(ledger, db, strategy); /* what is behind the gap is not used */
    await_recall(ledger);
    CU_ASSERT_EQUAL(ledger->recall->covered, 131072);
    CU_ASSERT_EQUAL(fixture_move(ledger, "k-300000", "world:USD.2", "a", 1), LEDGER_KEY_REUSED);
    ledger_close(&ledger);
}

/* Whatever is wrong with a segment: the keys come from the journal, none is used twice, and the
 * audit says so. */
static void damaged_keys_come_from_the_journal(const char *strategy)
{
    static const char *const damages[] = {
        "UPDATE teller.key_segment SET hashes = set_byte(hashes, 2, get_byte(hashes, 2) # 1)",
        "UPDATE teller.key_segment SET hashes = ''",
        "UPDATE teller.key_segment SET digest = sha256('')",
        "UPDATE teller.key_segment SET last_seq = last_seq - 1",
        "UPDATE teller.key_segment SET first_seq = 2",
        "UPDATE teller.key_segment SET keys = keys - 1",
        "UPDATE teller.ledger SET key_secret = decode(md5(''), 'hex')",
        "UPDATE teller.key_segment SET last_seq = 99",
    };
    static struct audit_report report;
    for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
        const char *db = fixture_database();
        struct ledger *ledger = fixture_open_abc(db, strategy);
        CU_ASSERT_EQUAL(fixture_move(ledger, "one", "a", "b", 1), LEDGER_OK);
        CU_ASSERT_EQUAL(fixture_move(ledger, "two", "a", "b", 1), LEDGER_OK);
        ledger_close(&ledger);
        fixture_do(db, damages[i]);
        ledger = fixture_open(db, strategy);
        await_recall(ledger);
        CU_ASSERT_TRUE(ledger->recall->damaged);
        CU_ASSERT_EQUAL(ledger->recall->covered, 0);
        CU_ASSERT_EQUAL(fixture_move(ledger, "one", "a", "b", 1), LEDGER_OK);
        CU_ASSERT_EQUAL(fixture_move(ledger, "two", "a", "b", 1), LEDGER_OK);
        CU_ASSERT(fixture_balance(ledger, "b") == 2);
        CU_ASSERT_EQUAL(ledger_audit(co_context_background(), ledger, NULL, &report), LEDGER_OK);
        CU_ASSERT_EQUAL(report.found, 1);
        if (report.found != 1)
            printf("    %s: %s\n", damages[i], report.text);
        CU_ASSERT_EQUAL(fixture_move(ledger, "three", "a", "b", 1), LEDGER_OK);
        ledger = request_restart(ledger, db, strategy); /* what comes new does not cover it up */
        await_recall(ledger);
        CU_ASSERT_TRUE(ledger->recall->damaged);
        CU_ASSERT_EQUAL(fixture_move(ledger, "one", "a", "b", 1), LEDGER_OK);
        CU_ASSERT_EQUAL(fixture_move(ledger, "three", "a", "b", 1), LEDGER_OK);
        CU_ASSERT(fixture_balance(ledger, "b") == 3);
        CU_ASSERT_EQUAL(ledger_audit(co_context_background(), ledger, NULL, &report), LEDGER_OK);
        CU_ASSERT(report.found > 0);
        ledger_close(&ledger);
    }
}

/* A segment with all its marks of truth that has not got the key: the database is the last judge,
 * the money moves once. */
static void no_key_moves_money_twice(const char *strategy)
{
    const char *db = fixture_database();
    struct ledger *ledger = fixture_open_abc(db, strategy);
    struct ledger_figures figures;
    char digest[2 * HASH_CHAIN + 1], sql[300];
    CU_ASSERT_EQUAL(fixture_move(ledger, "one", "a", "b", 1), LEDGER_OK);
    struct segment lie = {.first_seq = 1, .last_seq = ledger_durable_seq(ledger), .bytes = ""};
    segment_digest(&lie, keys_secret(ledger->keys), 1, lie.digest);
    ledger_close(&ledger);
    hash_to_hex(lie.digest, sizeof lie.digest, digest);
    snprintf(sql, sizeof sql,
        "UPDATE teller.key_segment SET keys = 0, hashes = '', digest = '\\x%s'", digest);
    fixture_do(db, sql);
    CU_ASSERT_STRING_EQUAL(
        fixture_ask(db, "SELECT invariant || ' ' || seq FROM teller.audit"), "keys 6");
    ledger = fixture_open(db, strategy);
    await_recall(ledger);
    CU_ASSERT_FALSE(ledger->recall->damaged);
    static struct audit_report report;
    CU_ASSERT_EQUAL(ledger_audit(co_context_background(), ledger, NULL, &report), LEDGER_OK);
    CU_ASSERT_EQUAL(report.found, 1);
    CU_ASSERT_EQUAL(report.wrong_seq, 6);
    CU_ASSERT_EQUAL(fixture_move(ledger, "one", "a", "b", 1), LEDGER_OUTCOME_UNKNOWN);
    ledger_read_figures(ledger, &figures);
    CU_ASSERT_EQUAL(figures.state, LEDGER_STOPPED);
    CU_ASSERT(fixture_balance(ledger, "b") == 1);
    ledger_close(&ledger);
    CU_ASSERT_STRING_EQUAL(
        fixture_ask(db, "SELECT count(*) FROM teller.entry WHERE key = 'one'"), "1");
}

/* ---- what earlier programs left -------------------------------------------------------------- */

static void apply_schema(const char *db, long upto)
{
    fixture_do(db, "CREATE SCHEMA teller; CREATE TABLE teller.migration (no int PRIMARY KEY,"
                   " name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())");
    for (const struct embed *file = embed_sql; file->name; file++) {
        long number = strtol(file->name, NULL, 10);
        size_t size = file->size + 300;
        char *sql = malloc(size);
        co_ensure(sql != NULL);
        snprintf(sql, size,
            "SET search_path = teller; %.*s; INSERT INTO migration VALUES (%ld, '%s')",
            (int)file->size, (const char *)file->data, number, file->name);
        if (number > 0 && number <= upto)
            fixture_do(db, sql);
        free(sql);
    }
}

static void load(const char *db, const char *path)
{
    enum { ROOM = 100000 };
    char *sql = calloc(1, ROOM);
    FILE *file = fopen(path, "r");
    co_ensure(sql != NULL && file != NULL);
    size_t size = fread(sql, 1, ROOM - 1, file);
    co_ensure(size > 0 && size < ROOM - 1);
    fclose(file);
    fixture_do(db, sql);
    free(sql);
}

/* A checkpoint at 22, with the holds 10, 11 and 15 open and c frozen; in the tail 10 is released,
 * 24 made and captured, c thaws and b freezes. */
static void takes_over_schema_007(const char *strategy)
{
    static const char journal[] =
        "SELECT md5(string_agg(p::text, ',' ORDER BY seq, leg)) || md5(string_agg(h::text, ','"
        " ORDER BY seq)) FROM teller.posting p FULL JOIN teller.hold h USING (ledger, seq)";
    const char *db = fixture_empty_database();
    char before[80];
    apply_schema(db, 7);
    load(db, "tests/ledger/released_007.sql");
    snprintf(before, sizeof before, "%s", fixture_ask(db, journal));
    struct ledger *ledger = fixture_open(db, strategy);
    CU_ASSERT_STRING_EQUAL(fixture_ask(db, journal), before);
    expect_all_right(db, ledger, 2);
    request_expect(ledger, "a", 998, 21, 977);
    CU_ASSERT_TRUE(request_account(ledger, "b").frozen);
    CU_ASSERT_FALSE(request_account(ledger, "c").frozen);
    CU_ASSERT_EQUAL(request_settled(ledger, 12), ENTRY_CAPTURE);
    CU_ASSERT_EQUAL(request_settled(ledger, 15), 0);
    CU_ASSERT_EQUAL(fixture_move(ledger, "last", "a", "c", 1), LEDGER_OK); /* a replay */
    CU_ASSERT_EQUAL(ledger_durable_seq(ledger), 29);
    CU_ASSERT_EQUAL(request_hold(ledger, NULL, "a", "c", 5, NULL), LEDGER_OK);
    ledger = request_restart(ledger, db, strategy);
    expect_all_right(db, ledger, 3);
    CU_ASSERT_EQUAL(request_capture(ledger, NULL, 15, 20, NULL), LEDGER_OK);
    CU_ASSERT_EQUAL(request_release(ledger, NULL, 10), LEDGER_ALREADY_SETTLED);
    CU_ASSERT_EQUAL(request_release(ledger, NULL, 30), LEDGER_OK);
    request_expect(ledger, "a", 978, 0, 978);
    fixture_forget(db);
    ledger_close(&ledger);
    ledger = fixture_open(db, strategy);
    expect_all_right(db, ledger, 1);
    ledger_close(&ledger);
}

#define TESTS(X)                                                                                   \
    X(from_any_checkpoint)                                                                         \
    X(keeps_what_stood)                                                                            \
    X(whatever_has_ended)                                                                          \
    X(one_entry_is_one_look_up)                                                                    \
    X(refuses_what_is_kept_wrong)                                                                  \
    X(keys_come_packed)                                                                            \
    X(many_keys_make_segments)                                                                     \
    X(damaged_keys_come_from_the_journal)                                                          \
    X(no_key_moves_money_twice)                                                                    \
    X(takes_over_schema_007)
FIXTURE_BOTH(start)
