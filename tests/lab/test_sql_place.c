/* SPDX-License-Identifier: MIT */
/* The lab's corner of a database: who may make it, what its role may do, who has a place. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "lab/sql/sql_place.h"
#include "ledger/db/migrate.h"
#include "tests/lab/suites.h"

/* A database of a test's own, with a bank in it if `bank`; how to reach it, in `to`. */
static void make_database(const char *name, bool bank, char to[400])
{
    char sql[200], error[400];
    const char *cluster = getenv("TEST_DATABASE"), *last = strstr(cluster, "dbname=");
    struct pg *pg = pg_connect(co_context_background(), cluster, NULL, error, sizeof error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(pg);
    snprintf(sql, sizeof sql, "CREATE DATABASE %s", name);
    CU_ASSERT_EQUAL_FATAL(pg_script(co_context_background(), pg, sql), PG_OK);
    pg_close(&pg);
    snprintf(to, 400, "%.*sdbname=%s", (int)(last - cluster), cluster, name);
    if (!bank)
        return;
    int from, upto;
    pg = pg_connect(co_context_background(), to, NULL, error, sizeof error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(pg);
    CU_ASSERT_EQUAL_FATAL(
        migrate_now(co_context_background(), pg, &from, &upto, error, sizeof error), PG_OK);
    pg_close(&pg);
}

static struct sql_place *take(const char *where)
{
    char error[SQL_PLACE_ERROR] = "";
    struct sql_place *place = sql_place_take(co_context_background(), where, error);
    if (!place)
        printf("\n    %s ", error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(place);
    return place;
}

/* Nothing of the bank, nothing of other places but their accounts, nothing new. */
static void the_role_reaches_nothing_else(void)
{
    static const char *const rows[] = {
        "SELECT FROM teller.entry",
        "SELECT FROM teller.token",
        "SELECT FROM teller.balances",
        "INSERT INTO teller.ledger (name, strategy) VALUES ('x', 'owner')",
        "UPDATE teller.account SET floor = NULL",
        "DELETE FROM teller.entry",
        "SELECT teller.server_beat(1, 1, 1)",
        "CREATE TABLE teller.mine (n int)",
        "CREATE TABLE teller_lab_1.mine (n int)",
        "CREATE TABLE public.mine (n int)",
        "CREATE SCHEMA mine",
        "CREATE ROLE mine",
        "DROP TABLE teller_lab_1.account",
        "ALTER TABLE teller_lab_1.account ADD COLUMN n int",
        "TRUNCATE teller_lab_1.account",
        "CREATE INDEX ON teller_lab_1.account (balance)",
        "SET ROLE teller_app",
        "SELECT pg_read_file('PG_VERSION')",
        "COPY teller_lab_1.account TO PROGRAM 'true'",
    };
    char where[400], error[SQL_PLACE_ERROR];
    bool hurries;
    make_database("lab_rights", true, where);
    struct sql_place *place = take(where);
    struct pg *lane = sql_place_connect(co_context_background(), place, false, &hurries, error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(lane);
    CU_ASSERT_TRUE(hurries);
    CU_ASSERT_EQUAL(
        pg_script(co_context_background(), lane, "SET SESSION AUTHORIZATION teller_lab"), PG_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum pg_status status = pg_script(co_context_background(), lane, rows[i]);
        const char *state = status == PG_ERROR ? pg_sqlstate(lane) : "";
        if (strcmp(state, "42501") != 0)
            printf("\n    %s: %s ", rows[i], status == PG_OK ? "done" : pg_message(lane));
        CU_ASSERT_STRING_EQUAL(state, "42501");
    }
    pg_close(&lane);
    sql_place_give(&place);
}

/* A lane works as the role, whoever has logged in. */
static void lanes_work_as_the_role(void)
{
    static const struct pg_statement who = {
        .sql = "SELECT current_user || ' ' || current_schema() || ' '"
               " || current_setting('synchronous_commit') || ' '"
               " || current_setting('deadlock_timeout')"};
    char error[SQL_PLACE_ERROR];
    struct pg_result *rows = NULL;
    bool hurries;
    struct sql_place *place = take(getenv("TEST_DATABASE"));
    for (int durable = 0; durable <= 1; durable++) {
        struct pg *lane =
            sql_place_connect(co_context_background(), place, durable, &hurries, error);
        CU_ASSERT_PTR_NOT_NULL_FATAL(lane);
        CU_ASSERT_EQUAL_FATAL(pg_run(co_context_background(), lane, &who, NULL, &rows), PG_OK);
        CU_ASSERT_STRING_EQUAL(pg_text(rows, 0, 0),
            durable ? "teller_lab teller_lab_1 on 10ms" : "teller_lab teller_lab_1 off 5s");
        pg_free(&rows);
        pg_close(&lane);
    }
    sql_place_give(&place);
}

static void give_later(void *arg)
{
    co_sleep(100 * CO_CLOCK_MS);
    sql_place_give(arg);
}

/* A fifth run waits until one of the four has ended. */
static void there_are_four_places(void)
{
    struct sql_place *places[SQL_PLACES + 1];
    for (int i = 0; i < SQL_PLACES; i++)
        places[i] = take(getenv("TEST_DATABASE"));
    CU_ASSERT_TRUE_FATAL(co_spawn(give_later, &places[2]));
    places[SQL_PLACES] = take(getenv("TEST_DATABASE"));
    CU_ASSERT_PTR_NULL(places[2]);
    for (int i = 0; i <= SQL_PLACES; i++)
        sql_place_give(&places[i]);
}

/* A user who may not make the places is told what to do, and may use them once they are there. */
static void a_user_without_rights_is_told(void)
{
    char where[400], theirs[500], error[SQL_PLACE_ERROR];
    make_database("lab_poor", false, where);
    struct pg *pg = pg_connect(co_context_background(), where, NULL, error, sizeof error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(pg);
    CU_ASSERT_EQUAL(pg_script(co_context_background(), pg, "CREATE ROLE poor LOGIN"), PG_OK);
    const char *user = strstr(where, "user=tester");
    snprintf(theirs, sizeof theirs, "%.*suser=poor%s", (int)(user - where), where,
        user + strlen("user=tester"));
    struct sql_place *place = sql_place_take(co_context_background(), theirs, error);
    CU_ASSERT_PTR_NULL(place);
    CU_ASSERT_PTR_NOT_NULL(strstr(error, "GRANT teller_lab TO"));
    place = take(where);
    sql_place_give(&place);
    CU_ASSERT_EQUAL(pg_script(co_context_background(), pg, "GRANT teller_lab TO poor"), PG_OK);
    place = take(theirs);
    sql_place_give(&place);
    CU_ASSERT_EQUAL(pg_script(co_context_background(), pg, "REVOKE teller_lab FROM poor"), PG_OK);
    pg_close(&pg);
}

static const struct unit_test tests[] = {
    {"the_role_reaches_nothing_else", the_role_reaches_nothing_else},
    {"lanes_work_as_the_role", lanes_work_as_the_role},
    {"there_are_four_places", there_are_four_places},
    {"a_user_without_rights_is_told", a_user_without_rights_is_told},
    {NULL, NULL},
};

const struct unit_suite suite_sql_place = {"sql-place", 1, tests};
