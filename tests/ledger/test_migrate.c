/* SPDX-License-Identifier: MIT */
/* Databases as earlier programs left them, brought up to date; and those that are too new. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/waitgroup.h"
#include "ledger/embed.h"
#include "ledger/db/migrate.h"
#include "ledger/db/pg.h"
#include "tests/ledger/fixture.h"

enum { FIRST_POSTING = 7, HOLDS = 4 };

static int number_of(const struct embed *file)
{
    return (int)strtol(file->name, NULL, 10);
}

static int newest(void)
{
    int number = 0;
    for (const struct embed *file = embed_sql; file->name; file++)
        number = number_of(file) > number ? number_of(file) : number;
    return number;
}

/* The schema as the program of that number made it. */
static void make_schema(const char *where, int number)
{
    fixture_do(where, "CREATE SCHEMA teller; CREATE TABLE teller.migration (no int PRIMARY KEY,"
                      " name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())");
    for (const struct embed *file = embed_sql; file->name; file++) {
        char insert[200];
        if (number_of(file) < 1 || number_of(file) > number)
            continue;
        fixture_do(where, (const char *)file->data);
        snprintf(insert, sizeof insert, "INSERT INTO migration (no, name) VALUES (%d, '%s')",
            number_of(file), file->name);
        fixture_do(where, insert);
    }
}

/* Accounts of the world, a and b; 100 paid to a; one transfer of two postings; a refusal. */
static const char begun[] =
    "INSERT INTO ledger (name, strategy) VALUES ('main', 'owner');"
    "INSERT INTO writer (ledger, epoch, batch) VALUES (1, 1, 2);"
    "INSERT INTO checkpoint (ledger) VALUES (1);"
    "INSERT INTO batch (ledger, no, epoch, first_seq, last_seq) VALUES (1, 1, 1, 1, 3),"
    " (1, 2, 1, 4, 6);"
    "INSERT INTO account VALUES (1, 1, 'world:USD.2', 'USD/2', NULL, 1, NULL),"
    " (1, 2, 'a', 'USD/2', 0, 2, '{\"n\":1}'), (1, 3, 'b', 'USD/2', 0, 3, NULL);"
    "INSERT INTO entry (ledger, seq, at, kind, account)"
    " SELECT 1, i, timestamptz '2026-01-01' + i * interval '1 ms', 1, i"
    " FROM generate_series(1, 3) i;"
    "INSERT INTO entry (ledger, seq, at, kind, key, fingerprint, account, code, available)"
    " VALUES (1, 6, '2026-01-01 00:00:06', 3, 'poor', decode(md5('c'), 'hex'), 2,"
    " 'insufficient_funds', 80);";

static const char moved_before_7[] =
    "INSERT INTO entry (ledger, seq, at, kind, key, fingerprint) VALUES"
    " (1, 4, '2026-01-01 00:00:04', 2, 'in', decode(md5('a'), 'hex')),"
    " (1, 5, '2026-01-01 00:00:05', 2, 'many', decode(md5('b'), 'hex'));"
    "INSERT INTO posting VALUES (1, 4, 0, 1, 2, 100, -100, 100, 1, 2),"
    " (1, 5, 0, 2, 3, 30, 70, 30, 4, 3), (1, 5, 1, 3, 2, 10, 20, 80, 3, 4);";

static const char moved_since_7[] =
    "INSERT INTO entry (ledger, seq, at, kind, key, fingerprint, from_no, to_no, amount,"
    " from_after, to_after, from_prev, to_prev) VALUES"
    " (1, 4, '2026-01-01 00:00:04', 2, 'in', decode(md5('a'), 'hex'), 1, 2, 100, -100, 100, 1, 2),"
    " (1, 5, '2026-01-01 00:00:05', 2, 'many', decode(md5('b'), 'hex'), 2, 3, 30, 70, 30, 4, 3);"
    "INSERT INTO further_posting VALUES (1, 5, 1, 3, 2, 10, 20, 80, 3, 4);";

/* A hold of 50 from a to b, captured with 20; one of 5 that stays open. */
static const char held_since_4[] =
    "INSERT INTO batch (ledger, no, epoch, first_seq, last_seq) VALUES (1, 3, 1, 7, 9);"
    "UPDATE writer SET batch = 3;"
    "INSERT INTO entry (ledger, seq, at, kind) VALUES (1, 7, '2026-01-01 00:00:07', 4),"
    " (1, 9, '2026-01-01 00:00:09', 4);"
    "INSERT INTO hold VALUES (1, 7, 2, 3, 50, NULL), (1, 9, 2, 3, 5, NULL);"
    "INSERT INTO held VALUES (1, 2, 7, 50), (1, 2, 8, 0), (1, 2, 9, 5);";

static const char captured_before_7[] =
    "INSERT INTO entry (ledger, seq, at, kind, ref) VALUES (1, 8, '2026-01-01 00:00:08', 5, 7);"
    "INSERT INTO posting VALUES (1, 8, 0, 2, 3, 20, 60, 40, 5, 5);";

static const char captured_since_7[] =
    "INSERT INTO entry (ledger, seq, at, kind, ref, from_no, to_no, amount, from_after, to_after,"
    " from_prev, to_prev) VALUES (1, 8, '2026-01-01 00:00:08', 5, 7, 2, 3, 20, 60, 40, 5, 5);";

static void fill(const char *where, int number)
{
    fixture_do(where, begun);
    fixture_do(where, number < FIRST_POSTING ? moved_before_7 : moved_since_7);
    if (number < HOLDS)
        return;
    fixture_do(where, held_since_4);
    fixture_do(where, number < FIRST_POSTING ? captured_before_7 : captured_since_7);
}

/* What was there is told as it was, the books are sound in both judges' eyes, money moves on. */
static void expect_whole(const char *where, int number)
{
    bool holds = number >= HOLDS;
    char latest[16];
    snprintf(latest, sizeof latest, "%d", newest());
    struct ledger *ledger = fixture_open(where, "owner");
    CU_ASSERT_STRING_EQUAL(fixture_ask(where, "SELECT max(no) FROM migration"), latest);
    CU_ASSERT(fixture_balance(ledger, "a") == (holds ? 60 : 80));
    CU_ASSERT(fixture_balance(ledger, "b") == (holds ? 40 : 20));
    CU_ASSERT_EQUAL(fixture_move(ledger, "new", "a", "b", 50), LEDGER_OK);
    money beyond = holds ? 6 : 31; /* 5 of the 10 left are held */
    CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "a", "b", beyond), LEDGER_INSUFFICIENT_FUNDS);
    fixture_check(ledger);
    ledger_close(&ledger);
    CU_ASSERT_STRING_EQUAL(fixture_ask(where, "SELECT count(*) FROM audit"), "0");
    ledger = fixture_open(where, "sharded");
    CU_ASSERT(fixture_balance(ledger, "b") == (holds ? 90 : 70));
    ledger_close(&ledger);
}

static void open_and_close(const char *where)
{
    struct ledger *ledger = fixture_open(where, "owner");
    ledger_close(&ledger);
}

static void each_released_schema_is_brought_up_to_date(void)
{
    for (int number = 1; number <= newest(); number++) {
        const char *where = fixture_empty_database();
        make_schema(where, number);
        if (number <= FIRST_POSTING)
            fill(where, number);
        if (number <= FIRST_POSTING)
            expect_whole(where, number);
        else
            open_and_close(where);
    }
}

static struct pg *connect_to(const char *where)
{
    char error[300];
    struct pg *pg = pg_connect(co_context_background(), where, NULL, error, sizeof error);
    co_ensure(pg != NULL);
    return pg;
}

/* Its own schema and what says that it is compatible; of what says nothing, the next one. */
static void which_schema_is_accepted(void)
{
    static const struct {
        const char *sql, *refusal;
    } rows[] = {
        {"INSERT INTO migration (no, name) SELECT max(no) + 1, 'next' FROM migration", ""},
        {"INSERT INTO migration (no, name) SELECT max(no) + 1, 'later' FROM migration",
            "it is too old"},
        {"UPDATE migration SET compatible = no - 2 WHERE name = 'later'", ""},
        {"UPDATE migration SET compatible = no WHERE name = 'next'", "it is too old"},
    };
    const char *where = fixture_empty_database();
    open_and_close(where);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char error[400] = "";
        fixture_do(where, rows[i].sql);
        const char *refusal = fixture_refusal(where, "owner");
        CU_ASSERT_EQUAL(*refusal == '\0', *rows[i].refusal == '\0');
        CU_ASSERT_PTR_NOT_NULL(strstr(refusal, rows[i].refusal));
        struct pg *pg = connect_to(where);
        CU_ASSERT_EQUAL(migrate_check(co_context_background(), pg, error, sizeof error),
            *rows[i].refusal ? PG_ERROR : PG_OK);
        pg_close(&pg);
    }
}

static void commands_need_a_schema_that_fits(void)
{
    char error[400] = "";
    const char *where = fixture_empty_database();
    struct pg *pg = connect_to(where);
    CU_ASSERT_EQUAL(migrate_check(co_context_background(), pg, error, sizeof error), PG_ERROR);
    CU_ASSERT_STRING_EQUAL(error, "there is no bank in this database; teller serve makes one");
    make_schema(where, FIRST_POSTING - 1);
    CU_ASSERT_EQUAL(migrate_check(co_context_background(), pg, error, sizeof error), PG_ERROR);
    CU_ASSERT_PTR_NOT_NULL(strstr(error, "the database has schema 6, this program "));
    CU_ASSERT_PTR_NOT_NULL(strstr(error, "run teller migrate"));
    pg_close(&pg);
}

/* ---- while others are there ------------------------------------------------------------------ */

struct opener {
    const char *where;
    struct ledger *ledger;
    _Atomic bool done;
    struct co_waitgroup running;
};

static void open_it(void *arg)
{
    struct opener *opener = arg;
    opener->ledger = fixture_open(opener->where, "owner");
    opener->done = true;
    co_waitgroup_done(&opener->running);
}

/* A server of an older version has its lock: the schema is its until it ends. */
static void an_older_server_is_not_migrated_under(void)
{
    const char *where = strdup(fixture_empty_database());
    static struct opener opener;
    char error[400] = "", latest[16];
    int from = 0, to = 0;
    make_schema(where, FIRST_POSTING);
    fill(where, FIRST_POSTING);
    struct pg *older = connect_to(where), *pg = connect_to(where);
    CU_ASSERT_EQUAL(
        pg_script(co_context_background(), older, "SELECT pg_advisory_lock(731029588, 1)"), PG_OK);
    opener = (struct opener){.where = where};
    co_waitgroup_add(&opener.running, 1);
    co_ensure(co_spawn(open_it, &opener));
    co_sleep(CO_CLOCK_S);
    CU_ASSERT_FALSE(opener.done);
    CU_ASSERT_STRING_EQUAL(fixture_ask(where, "SELECT max(no) FROM migration"), "7");
    /* The command does it if all that is missing goes with that server, and else refuses. */
    bool done = migrate_now(co_context_background(), pg, &from, &to, error, sizeof error) == PG_OK;
    CU_ASSERT(done || strstr(error, "a server lives on this database, with schema 7"));
    pg_close(&older);
    co_waitgroup_wait(&opener.running);
    snprintf(latest, sizeof latest, "%d", newest());
    CU_ASSERT_STRING_EQUAL(fixture_ask(where, "SELECT max(no) FROM migration"), latest);
    CU_ASSERT(fixture_balance(opener.ledger, "a") == 60);
    ledger_close(&opener.ledger);
    pg_close(&pg);
    free((void *)(uintptr_t)where);
}

struct crowd {
    const char *where;
    _Atomic int good;
    struct co_waitgroup running;
};

static void migrate_too(void *arg)
{
    struct crowd *crowd = arg;
    char error[400];
    int from, to;
    struct pg *pg = connect_to(crowd->where);
    if (migrate_now(co_context_background(), pg, &from, &to, error, sizeof error) == PG_OK)
        atomic_fetch_add(&crowd->good, 1);
    else
        printf("\n    %s ", error);
    pg_close(&pg);
    co_waitgroup_done(&crowd->running);
}

static void many_at_once_take_turns(void)
{
    static struct crowd crowd;
    crowd = (struct crowd){.where = fixture_empty_database()};
    make_schema(crowd.where, HOLDS);
    fill(crowd.where, HOLDS);
    co_waitgroup_add(&crowd.running, 4);
    for (int i = 0; i < 4; i++)
        co_ensure(co_spawn(migrate_too, &crowd));
    co_waitgroup_wait(&crowd.running);
    CU_ASSERT_EQUAL(crowd.good, 4);
    expect_whole(crowd.where, HOLDS);
}

static const struct unit_test tests[] = {
    {"each_released_schema_is_brought_up_to_date", each_released_schema_is_brought_up_to_date},
    {"which_schema_is_accepted", which_schema_is_accepted},
    {"commands_need_a_schema_that_fits", commands_need_a_schema_that_fits},
    {"an_older_server_is_not_migrated_under", an_older_server_is_not_migrated_under},
    {"many_at_once_take_turns", many_at_once_take_turns}, {0}};
const struct unit_suite migrate_suite = {.name = "migrate", .tests = tests};
