/* SPDX-License-Identifier: MIT */
/* Through a pgbouncer in transaction mode, which hands each transaction another session, and ours
 * to others: everything is as without. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "coro/blocking.h"
#include "ledger/db/pg.h"
#include "ledger/db/rights.h"
#include "tests/ledger/requests.h"

enum { TEXT = 300, SESSIONS = 6 };

struct pooler {
    char folder[40];
    char conninfo[TEXT]; /* of the same database as the one given to begin() */
};

static void run_command(void *arg)
{
    CU_ASSERT_EQUAL(system(arg), 0);
}

static void begin(struct pooler *pooler, const char *db, const char *mode)
{
    char command[TEXT];
    const char *host = strstr(db, "host=") + 5;
    snprintf(pooler->folder, sizeof pooler->folder, "/tmp/teller-pooler-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(pooler->folder));
    CU_ASSERT_EQUAL_FATAL(chmod(pooler->folder, 0755), 0);
    snprintf(command, sizeof command, "tests/pooler start %s %.*s tester %s", pooler->folder,
        (int)strcspn(host, " "), host, mode);
    co_blocking_call(run_command, command);
    snprintf(pooler->conninfo, sizeof pooler->conninfo, "host=%s user=tester dbname=%s",
        pooler->folder, strstr(db, "dbname=") + 7);
}

static void end(struct pooler *pooler)
{
    char command[TEXT];
    snprintf(command, sizeof command, "tests/pooler end %s", pooler->folder);
    co_blocking_call(run_command, command);
}

/* Another client of the pool sets what it likes, for what it takes for its session. */
static void pollute(const char *conninfo, struct pg *others[SESSIONS])
{
    char error[TEXT];
    for (int i = 0; i < SESSIONS; i++) {
        others[i] = pg_connect(co_context_background(), conninfo, NULL, error, sizeof error);
        CU_ASSERT_PTR_NOT_NULL_FATAL(others[i]);
        CU_ASSERT_EQUAL(pg_script(co_context_background(), others[i], "BEGIN"), PG_OK);
        CU_ASSERT_EQUAL(pg_script(co_context_background(), others[i],
                            "SET datestyle = German; SET search_path = public; SET bytea_output ="
                            " escape; SET synchronous_commit = off; SET timezone = 'Asia/Tokyo'"),
            PG_OK);
    }
    for (int i = 0; i < SESSIONS; i++) /* all together, so that they were sessions of their own */
        CU_ASSERT_EQUAL(pg_script(co_context_background(), others[i], "COMMIT"), PG_OK);
}

static void expect(
    struct pg *pg, const struct pg_statement *statement, const char *value, const char *expected)
{
    struct pg_result *rows = NULL;
    CU_ASSERT_EQUAL(pg_run(co_context_background(), pg, statement, &value, &rows), PG_OK);
    CU_ASSERT_STRING_EQUAL(rows ? pg_text(rows, 0, 0) : "", expected);
    pg_free(&rows);
}

static void each_call_is_pinned(void)
{
    static const struct pg_statement show = {.parameters = 1, .sql = "SELECT current_setting($1)"};
    static const struct pg_statement wrong = {.parameters = 1, .sql = "SELECT 1 / ($1::int)"};
    static const struct pg_statement count = {
        .parameters = 1, .sql = "SELECT count(*) FROM public.t WHERE i <> $1::int"};
    char error[TEXT], db[TEXT];
    struct co_context *context = co_context_background();
    struct pooler pooler;
    struct pg *others[SESSIONS];
    const char *zero = "0";
    bool committed = false;
    snprintf(db, sizeof db, "%s", fixture_database());
    begin(&pooler, db, "transaction");
    struct pg *pg = pg_connect(context, pooler.conninfo, PG_APP_ROLE, error, sizeof error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(pg);
    fixture_do(db, "CREATE TABLE public.t (i int); GRANT ALL ON public.t TO PUBLIC");
    pollute(pooler.conninfo, others);
    for (int i = 0; i < 3 * SESSIONS; i++) {
        expect(pg, &show, "datestyle", "ISO, MDY");
        expect(pg, &show, "search_path", "teller, pg_temp");
        expect(pg, &show, "synchronous_commit", "on");
        CU_ASSERT_EQUAL(pg_run(context, pg, &wrong, &zero, NULL), PG_ERROR);
        CU_ASSERT_STRING_EQUAL(pg_sqlstate(pg), "22012");
        CU_ASSERT_EQUAL(pg_load(context, pg,
                            "BEGIN; INSERT INTO public.t SELECT 1 WHERE"
                            " current_setting('timezone') = 'UTC'; COMMIT",
                            NULL, 0, &committed),
            PG_OK);
        CU_ASSERT_TRUE(committed);
        char expected[20];
        snprintf(expected, sizeof expected, "%d", i + 1);
        expect(pg, &count, "0", expected);
    }
    CU_ASSERT_EQUAL(
        pg_script(context, pg, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"), PG_OK);
    expect(pg, &show, "transaction_isolation", "repeatable read");
    expect(pg, &show, "bytea_output", "hex");
    CU_ASSERT_EQUAL(pg_script(context, pg, "COMMIT"), PG_OK);
    pg_close(&pg);
    for (int i = 0; i < SESSIONS; i++)
        pg_close(&others[i]);
    end(&pooler);
}

/* What an owner's session asks as the service's role it must not ask as itself. */
static void rights_are_those_of_the_role(void)
{
    char error[TEXT], reason[RIGHTS_REASON], db[TEXT];
    struct co_context *context = co_context_background();
    struct pooler pooler;
    struct pg *others[SESSIONS];
    snprintf(db, sizeof db, "%s", fixture_database());
    begin(&pooler, db, "transaction");
    struct ledger *ledger = fixture_open_abc(pooler.conninfo, "owner");
    pollute(pooler.conninfo, others);
    struct pg *pg = pg_connect(context, pooler.conninfo, NULL, error, sizeof error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(pg);
    for (int i = 0; i < 2 * SESSIONS; i++) {
        static const struct pg_statement who = {.sql = "SELECT current_user"};
        struct pg_result *rows = NULL;
        CU_ASSERT_EQUAL(rights_check(context, pg, true, reason), PG_OK);
        CU_ASSERT_STRING_EQUAL(reason, "");
        CU_ASSERT_EQUAL(pg_run(context, pg, &who, NULL, &rows), PG_OK);
        CU_ASSERT_STRING_EQUAL(rows ? pg_text(rows, 0, 0) : "", "tester");
        pg_free(&rows);
        CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "a", "b", 1), LEDGER_OK);
    }
    pg_close(&pg);
    for (int i = 0; i < SESSIONS; i++)
        pg_close(&others[i]);
    CU_ASSERT_EQUAL(fixture_balance(ledger, "b"), 2 * SESSIONS);
    fixture_check(ledger);
    ledger_close(&ledger);
    end(&pooler);
}

static const struct unit_test tests[] = {{"each_call_is_pinned", each_call_is_pinned},
    {"rights_are_those_of_the_role", rights_are_those_of_the_role}, {0}};
const struct unit_suite pooler_suite = {.name = "pooler", .tests = tests};
