/* SPDX-License-Identifier: MIT */
/*
 * Random histories of every kind of entry, and one value of one row altered in each: the audit
 * finds nothing before and something after, at the row's position or in its batch before that.
 * TEST_SEED=n repeats one.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/random.h"
#include "coro/waitgroup.h"
#include "ledger/audit/audit_walk_private.h"
#include "ledger/db/pg.h"
#include "tests/ledger/storm.h"

enum { HISTORIES = 2, ALTERATIONS = 25, CLIENTS = 6, REQUESTS = 40, ACCOUNTS = 8 };

/* What can be done to a row, and which position that is about: R is a random number. */
static const struct {
    const char *table, *set, *where, *position;
} alterations[] = {
    {"entry", "at = at + interval '1 us'", "true", "seq"},
    {"entry", "key = overlay(key PLACING chr(65 + R % 26) FROM 1 + R % length(key) FOR 1)",
        "key IS NOT NULL", "seq"},
    {"entry", "key = NULL, fingerprint = NULL", "kind = 2 AND key IS NOT NULL", "seq"},
    {"entry", "fingerprint = set_bit(fingerprint, R % 128, 1 - get_bit(fingerprint, R % 128))",
        "fingerprint IS NOT NULL", "seq"},
    {"entry", "metadata = '{\"of\": \"storm\"}'", "metadata IS NOT NULL", "seq"},
    {"entry", "metadata = '{\"atomic\":false,\"results\":[{\"entries\":77}]}'", "kind = 11", "seq"},
    {"entry", "key = NULL, fingerprint = NULL", "kind = 11", "seq"},
    {"entry", "kind = 7 - kind", "kind IN (2, 5)", "seq"},
    {"entry", "kind = 13 - kind", "kind IN (6, 7) AND key IS NULL", "seq"},
    {"entry", "ref = ref - 1", "ref > 1", "seq"},
    {"entry", "account = account # 1", "account IS NOT NULL", "seq"},
    {"entry", "code = 'overloaded'", "code IS NOT NULL", "seq"},
    {"entry", "available = available + 1", "available IS NOT NULL", "seq"},
    {"entry", "at = 'infinity'", "true", "seq"},
    {"entry", "amount = amount + 1 + R % 9", "amount IS NOT NULL", "seq"},
    {"entry", "from_after = from_after - 1", "from_after IS NOT NULL", "seq"},
    {"entry", "to_after = to_after + 1", "to_after IS NOT NULL", "seq"},
    {"entry", "from_prev = greatest(1, from_prev # (1 << R % 3))", "from_prev IS NOT NULL", "seq"},
    {"entry", "to_prev = greatest(1, to_prev # (1 << R % 3))", "from_prev IS NOT NULL", "seq"},
    {"entry", "from_no = to_no, to_no = from_no", "amount IS NOT NULL", "seq"},
    {"entry", "from_no = -from_no", "amount IS NOT NULL", "seq"},
    {"entry", "to_no = to_no + 100", "amount IS NOT NULL", "seq"},
    {"entry", "amount = 'NaN'", "amount IS NOT NULL", "seq"},
    {"further_posting", "amount = amount + 1 + R % 9", "true", "seq"},
    {"further_posting", "from_after = from_after - 1", "true", "seq"},
    {"further_posting", "to_prev = greatest(1, to_prev # (1 << R % 3))", "true", "seq"},
    {"further_posting", "to_no = to_no + 100", "true", "seq"},
    {"further_posting", "leg = leg + 1000", "true", "seq"},
    {"further_posting", "leg = 0", "leg = 1", "seq"},
    {"entry", "amount = amount + 1", "kind = 4", "seq"},
    {"entry", "expires_at = expires_at - interval '1 us'", "expires_at IS NOT NULL", "seq"},
    {"entry", "to_no = from_no, from_no = to_no", "kind = 4", "seq"},
    {"entry", "kind = 6 - kind", "kind IN (2, 4) AND ref IS NULL", "seq"},
    {"held", "held = held + 1", "true", "seq"},
    {"account", "floor = floor - 1", "floor IS NOT NULL", "opened"},
    {"account", "id = id || 'x'", "true", "opened"},
    {"account", "asset = 'GBP/2'", "true", "opened"},
    {"account", "metadata = '{}'", "true", "opened"},
    {"batch", "hash = set_bit(hash, R % 256, 1 - get_bit(hash, R % 256))", "true", "last_seq"},
    {"batch", "epoch = epoch + 1", "last_seq < (SELECT max(last_seq) FROM batch)", "last_seq + 1"},
    {"batch", "last_seq = last_seq + 1", "last_seq < (SELECT max(last_seq) FROM batch)",
        "last_seq"},
    {"batch", "last_seq = last_seq + 1", "last_seq = (SELECT max(last_seq) FROM batch)",
        "last_seq + 1"}, /* that one is missing then */
};
enum { KINDS = sizeof alterations / sizeof alterations[0] };

static const char *const tables[] = {"entry", "further_posting", "account", "held", "batch"};
enum { TABLES = sizeof tables / sizeof tables[0] };

static uint64_t seed;

/* ---- a history ----------------------------------------------------------------------------- */

struct client {
    struct storm storm;
    struct co_waitgroup *all;
    char name[16];
};

static void client_main(void *arg)
{
    struct client *client = arg;
    for (int i = 0; i < REQUESTS; i++)
        storm_request(&client->storm);
    co_waitgroup_done(client->all);
}

static struct ledger *make_history(const char *db, const char *strategy)
{
    static struct client clients[CLIENTS];
    struct co_waitgroup all = {0};
    struct ledger *ledger = fixture_open(db, strategy);
    storm_prepare(ledger);
    for (int i = 0; i < CLIENTS; i++) {
        struct client *client = &clients[i];
        *client = (struct client){.all = &all};
        snprintf(client->name, sizeof client->name, "c%d", i);
        client->storm =
            (struct storm){.ledger = ledger, .random = co_random_of(&seed), .name = client->name};
        co_waitgroup_add(&all, 1);
        bool started = co_spawn(client_main, client);
        co_ensure(started);
    }
    co_waitgroup_wait(&all);
    co_sleep(1200 * CO_CLOCK_MS); /* what is still held expires */
    fixture_check(ledger);
    return ledger;
}

/* ---- altering it --------------------------------------------------------------------------- */

static void run(struct pg *pg, const char *sql)
{
    CU_ASSERT_EQUAL(pg_script(co_context_background(), pg, sql), PG_OK);
}

static void replace(char *text, size_t size, const char *set, unsigned random)
{
    size_t used = 0;
    for (; *set && used + 12 < size; set++)
        used += (size_t)(*set == 'R' ? snprintf(text + used, size - used, "%u", random)
                                     : snprintf(text + used, size - used, "%c", *set));
}

/* Alter one row, on a session that prepares nothing else. The position that it is about, and the
 * first one of its batch; 0: there is no such row, it is as before (a lowest bit of 1 taken from a
 * 1, for example), or the database does not allow it. */
static uint64_t alter(struct pg *pg, size_t kind, uint64_t *first)
{
    char set[300], sql[1200];
    uint64_t at = 0;
    struct pg_result *rows = NULL;
    unsigned random = (unsigned)(co_random_of(&seed) % 1000000);
    replace(set, sizeof set, alterations[kind].set, random);
    snprintf(sql, sizeof sql,
        "WITH chosen AS (SELECT ctid AS place, %s AS position, t::text AS was FROM %s t WHERE %s"
        "  ORDER BY md5(ctid::text || %u) LIMIT 1),"
        " found AS (SELECT place, position, was, (SELECT max(first_seq) FROM batch"
        "  WHERE first_seq <= position) AS first FROM chosen),"
        " done AS (UPDATE %s t SET %s FROM found WHERE t.ctid = place"
        "  RETURNING position, first, t::text <> was AS differs)"
        " SELECT position, coalesce(first, position) FROM done WHERE differs",
        alterations[kind].position, alterations[kind].table, alterations[kind].where, random,
        alterations[kind].table, set);
    const struct pg_statement statement = {0, sql};
    if (pg_run(co_context_background(), pg, &statement, NULL, &rows) == PG_OK && pg_rows(rows)) {
        at = (uint64_t)pg_number(rows, 0, 0);
        *first = (uint64_t)pg_number(rows, 0, 1);
    }
    pg_free(&rows);
    return at;
}

static struct pg *connect_to(const char *db)
{
    char error[300];
    struct pg *pg = pg_connect(co_context_background(), db, NULL, error, sizeof error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(pg);
    run(pg, "SET session_replication_role = replica");
    return pg;
}

/* What the auditor does in a round of the accounts from `first` on, but for comparing with memory.
 */
static void walk_over(struct pg *pg, uint64_t durable, uint64_t first, struct audit_report *report)
{
    struct co_context *context = co_context_background();
    const struct audit_anchor none = {0};
    struct audit_walk *walk = audit_walk_make(1, first, &none);
    CU_ASSERT_PTR_NOT_NULL_FATAL(walk);
    memset(report, 0, sizeof *report);
    CU_ASSERT_EQUAL(audit_walk_checkpoint(context, pg, walk), PG_OK);
    while (report->found == 0 && audit_walk_seq(walk) < durable)
        CU_ASSERT_EQUAL_FATAL(audit_walk_step(context, pg, walk, durable, report), PG_OK);
    audit_walk_settle(walk, report);
    audit_walk_free(&walk);
}

/* Between two stretches a walk keeps what it knows of accounts, and nothing of what it read. */
static void keeps_no_rows(struct pg *pg, uint64_t durable)
{
    static struct audit_report report;
    struct co_context *context = co_context_background();
    const struct audit_anchor none = {0};
    struct audit_walk *walk = audit_walk_make(1, 1, &none);
    CU_ASSERT_PTR_NOT_NULL_FATAL(walk);
    CU_ASSERT_EQUAL(audit_walk_checkpoint(context, pg, walk), PG_OK);
    while (audit_walk_seq(walk) < durable) {
        CU_ASSERT_EQUAL_FATAL(audit_walk_step(context, pg, walk, durable, &report), PG_OK);
        for (int i = 0; i < AUDIT_TABLES; i++)
            CU_ASSERT_PTR_NULL(walk->trail.stretch.tables[i].bytes);
    }
    CU_ASSERT_PTR_NULL(walk->trail.keys); /* all that are kept have been passed */
    CU_ASSERT_EQUAL(report.found, 0);
    audit_walk_free(&walk);
}

static void expect_named(
    const char *who, const struct audit_report *report, size_t kind, uint64_t first, uint64_t at)
{
    bool right = report->found > 0 && report->wrong_seq >= first && report->wrong_seq <= at;
    CU_ASSERT(right);
    if (!right)
        printf("    %s: %s SET %s at %" PRIu64 ", batch from %" PRIu64 ": found %" PRIu64 "\n%s",
            who, alterations[kind].table, alterations[kind].set, at, first, report->wrong_seq,
            report->text);
}

static void expect_finding(
    struct ledger *ledger, struct pg *pg, size_t kind, uint64_t first, uint64_t at)
{
    static struct audit_report report, walked;
    CU_ASSERT_EQUAL(ledger_audit(co_context_background(), ledger, NULL, &report), LEDGER_OK);
    expect_named("audit", &report, kind, first, at);
    walk_over(pg, ledger_durable_seq(ledger), 1, &walked);
    expect_named("walk", &walked, kind, first, at);

    /* The walk stops at the batch. What it found there the replay says in the same words, but for
     * what is held, as it knows accounts by their ids; and what is durable the walk alone asks. */
    walked.text[strcspn(walked.text, "\n")] = '\0';
    bool same = strcmp(alterations[kind].table, "held") == 0 || strstr(walked.text, "durable") ||
                strstr(report.text, walked.text);
    CU_ASSERT(same);
    if (!same)
        printf("    walk: %s\n    replay: %s\n", walked.text, report.text);
}

/* A round that follows some of the accounts minds none of the others. */
static void walk_over_some(struct ledger *ledger, struct pg *pg)
{
    static struct audit_report report;
    for (uint64_t first = 1; first <= ACCOUNTS + 1; first++) {
        walk_over(pg, ledger_durable_seq(ledger), first, &report);
        CU_ASSERT_EQUAL(report.found, 0);
        if (report.found)
            printf("    from account %" PRIu64 ": %s\n", first, report.text);
    }
}

/* One alteration after the other, each undone before the next. */
static int alter_history(const char *db, struct ledger *ledger)
{
    char sql[300];
    int altered = 0;
    struct pg *pg = connect_to(db);
    walk_over_some(ledger, pg);
    keeps_no_rows(pg, ledger_durable_seq(ledger));
    run(pg, "CREATE SCHEMA kept");
    for (size_t i = 0; i < TABLES; i++) {
        snprintf(sql, sizeof sql, "CREATE TABLE kept.%s AS TABLE teller.%s", tables[i], tables[i]);
        run(pg, sql);
    }
    while (altered < ALTERATIONS) {
        uint64_t first;
        struct pg *fresh = connect_to(db);
        size_t kind = co_random_of(&seed) % KINDS;
        uint64_t at = alter(fresh, kind, &first);
        pg_close(&fresh);
        if (at == 0)
            continue;
        altered++;
        expect_finding(ledger, pg, kind, first, at);
        for (size_t i = 0; i < TABLES; i++) {
            snprintf(sql, sizeof sql, "DELETE FROM %s; INSERT INTO %s TABLE kept.%s", tables[i],
                tables[i], tables[i]);
            run(pg, sql);
        }
    }
    pg_close(&pg);
    fixture_check(ledger);
    return altered;
}

static void finds_any_change(const char *strategy)
{
    int altered = 0;
    seed = unit_seed();
    for (int i = 0; i < HISTORIES; i++) {
        char db[400];
        snprintf(db, sizeof db, "%s", fixture_database());
        struct ledger *ledger = make_history(db, strategy);
        altered += alter_history(db, ledger);
        ledger_close(&ledger);
    }
    printf("(%d alterations) ", altered);
}

#define TESTS(X) X(finds_any_change)
FIXTURE_BOTH(altered)
