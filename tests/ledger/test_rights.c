/* SPDX-License-Identifier: MIT */
/* What the service's role may do in the database; a server without it is refused. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/blocking.h"
#include "ledger/db/migrate.h"
#include "ledger/db/pg.h"
#include "tests/ledger/fixture.h"
#include "tests/ledger/sent.h"

static struct pg *connect_as(const char *where, const char *role)
{
    char error[300];
    struct pg *pg = pg_connect(co_context_background(), where, role, error, sizeof error);
    co_ensure(pg != NULL);
    return pg;
}

/* Where the guard is to look first for the batches of a transaction. */
#define SAYS(where) "SELECT set_config('teller.batches', " where ", true);"

/* A batch with the entries 97 and 98. */
#define NEXT_BATCH                                                                                 \
    "SELECT batch_advance(1, (SELECT epoch FROM writer WHERE ledger = 1),"                         \
    " (SELECT max(no) + 1 FROM batch WHERE ledger = 1), 97, 98, NULL);"

/* Each as teller_app, in a transaction that is rolled back. The state is PostgreSQL's: 42501 no
 * right, 23514 against a CHECK, TL006 no batch for it. */
static const struct attempt {
    const char *state, *sql;
} attempts[] = {
    {"42501", "UPDATE entry SET amount = 1"},
    {"42501", "DELETE FROM entry"},
    {"42501", "TRUNCATE entry"},
    {"42501", "UPDATE further_posting SET amount = 1"},
    {"42501", "UPDATE account SET floor = NULL"},
    {"42501", "DELETE FROM batch"},
    {"42501", "INSERT INTO batch (ledger, no, epoch, first_seq, last_seq)"
              " VALUES (1, 99, 9, 99, 99)"},
    {"42501", "UPDATE writer SET epoch = 0"},
    {"42501", "UPDATE writer SET stopped = NULL"},
    {"42501", "INSERT INTO writer (ledger, epoch) VALUES (9, 9)"},
    {"42501", "DELETE FROM writer"},
    {"42501", "UPDATE server SET left_at = NULL"},
    {"42501", "INSERT INTO checkpoint VALUES (9, 9)"},
    {"42501", "UPDATE balance SET balance = 0"},
    {"42501", "UPDATE ledger SET name = 'x'"},
    {"42501", "UPDATE token SET scope = 'admin'"},
    {"42501", "UPDATE token SET prefixes = NULL"},
    {"42501", "UPDATE token SET expires_at = NULL"},
    {"42501", "UPDATE token SET hash = decode(md5('') || md5(''), 'hex')"},
    {"42501", "DELETE FROM token"},
    {"42501", "UPDATE token_act SET by_name = 'nobody'"},
    {"42501", "DELETE FROM token_act"},
    {"42501", "TRUNCATE token_act"},
    {"42501", "INSERT INTO token_act (act, token, by_name) VALUES ('revoked', 1, 'nobody')"},
    /* A revocation is final. */
    {"TL007", "INSERT INTO token (scope, hash) VALUES ('read', decode(md5('') || md5(''), 'hex'));"
              " UPDATE token SET revoked_at = now(); UPDATE token SET revoked_at = NULL"},
    {"42501", "DELETE FROM migration"},
    {"42501", "ALTER TABLE entry DISABLE TRIGGER ALL"},
    {"42501", "CREATE TABLE teller.mine (n int)"},
    {"42501", "CREATE OR REPLACE FUNCTION guard_rows() RETURNS trigger LANGUAGE sql AS ''"},
    {"TL006", "INSERT INTO entry (ledger, seq, at, kind, account) VALUES (1, 99, now(), 9, 2)"},
    {"TL006", "INSERT INTO entry (ledger, seq, at, kind, account) VALUES (9, 1, now(), 9, 2)"},
    {"TL006", "INSERT INTO further_posting VALUES (1, 5, 1, 1, 2, 1, 0, 0, 1, 1)"},
    {"TL006", "INSERT INTO account VALUES (1, 99, 'x', 'USD/2', 0, 99, NULL)"},
    /* A batch of before is none of this transaction's, wherever that says it is. */
    {"TL006",
        SAYS("(SELECT array_agg(ctid) FROM batch)::text") "INSERT INTO further_posting VALUES (1, "
                                                          "5, 1, 1, 2, 1, 0, 0, 1, 1)"},
    {"22P02",
        SAYS("'nowhere'") "INSERT INTO further_posting VALUES (1, 5, 1, 1, 2, 1, 0, 0, 1, 1)"},
    {"TL006", NEXT_BATCH "INSERT INTO entry (ledger, seq, at, kind, account)"
                         " VALUES (1, 97, now(), 9, 2), (1, 99, now(), 9, 2)"},
    {"TL006", NEXT_BATCH "INSERT INTO entry (ledger, seq, at, kind, account)"
                         " VALUES (1, 97, now(), 9, 2), (9, 97, now(), 9, 2)"},
    {"23514", "INSERT INTO entry (ledger, seq, at, kind, from_no, to_no, amount, from_after,"
              " to_after, from_prev, to_prev)"
              " VALUES (1, 99, now(), 2, 1, 2, 'NaN', 0, 0, 1, 1)"},
    {"23514", "INSERT INTO entry (ledger, seq, at, kind, from_no, to_no, amount, from_after,"
              " to_after, from_prev, to_prev)"
              " VALUES (1, 99, now(), 2, 1, 2, 1, 'NaN', 0, 1, 1)"},
    {"23514", "INSERT INTO entry (ledger, seq, at, kind, key, fingerprint, code, available)"
              " VALUES (1, 99, now(), 3, 'k', decode(md5(''), 'hex'), 'c', 'NaN')"},
    {"23514", "INSERT INTO further_posting VALUES (1, 5, 1, 1, 2, 'NaN', 0, 0, 1, 1)"},
    {"23514", "INSERT INTO held VALUES (1, 2, 5, 'NaN')"},
    {"23514", "INSERT INTO account VALUES (1, 99, 'x', 'USD/2', 'NaN', 99, NULL)"},
};

static void the_role_cannot_rewrite_the_journal(void)
{
    const char *where = fixture_empty_database();
    struct ledger *ledger = fixture_open_abc(where, "owner");
    struct pg *pg = connect_as(where, PG_APP_ROLE);
    sent_by_test(true);
    for (size_t i = 0; i < sizeof attempts / sizeof attempts[0]; i++) {
        CU_ASSERT_EQUAL(pg_script(co_context_background(), pg, "BEGIN"), PG_OK);
        enum pg_status status = pg_script(co_context_background(), pg, attempts[i].sql);
        if (status != PG_ERROR || strcmp(pg_sqlstate(pg), attempts[i].state) != 0)
            printf("\n    %s: %s ", attempts[i].sql, status == PG_OK ? "done" : pg_message(pg));
        CU_ASSERT_EQUAL(status, PG_ERROR);
        CU_ASSERT_STRING_EQUAL(status == PG_ERROR ? pg_sqlstate(pg) : "", attempts[i].state);
        CU_ASSERT_EQUAL(pg_script(co_context_background(), pg, "ROLLBACK"), PG_OK);
    }
    sent_by_test(false);
    pg_close(&pg);
    CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "a", "b", 1), LEDGER_OK);
    fixture_check(ledger);
    ledger_close(&ledger);
}

/* ---- the user that serves -------------------------------------------------------------------- */

/* A database of that user's own; the connection string goes to `to`. */
static void database_of(const char *user, char to[400])
{
    char sql[300];
    const char *where = fixture_empty_database(),
               *name = strstr(where, "dbname=") + strlen("dbname=");
    snprintf(sql, sizeof sql,
        "DO $$ BEGIN CREATE ROLE %s LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;"
        "ALTER DATABASE %s OWNER TO %s; GRANT CREATE ON DATABASE %s TO %s",
        user, name, user, name, user);
    fixture_do(where, sql);
    const char *rest = strstr(where, "user=tester") + strlen("user=tester");
    snprintf(
        to, 400, "%.*suser=%s%s", (int)(strstr(where, "user=tester") - where), where, user, rest);
}

/* The second owner in one cluster: the role is there, and not its own. */
static void an_owner_who_may_not_become_the_role_is_refused(void)
{
    char theirs[400];
    const char *where = fixture_empty_database();
    fixture_do(where,
        "DO $$ BEGIN CREATE ROLE teller_app; EXCEPTION WHEN duplicate_object THEN NULL;"
        " END $$");
    database_of("second_owner", theirs);
    const char *refusal = fixture_refusal(theirs, "owner");
    CU_ASSERT_PTR_NOT_NULL(
        strstr(refusal, "as second_owner the service could change or delete rows"));
    CU_ASSERT_PTR_NOT_NULL(strstr(refusal, "GRANT teller_app TO second_owner"));
    fixture_do(where, "GRANT teller_app TO second_owner");
    struct ledger *ledger = fixture_open_abc(theirs, "owner");
    fixture_check(ledger);
    ledger_close(&ledger);
    fixture_do(where, "REVOKE teller_app FROM second_owner");
}

/* Rights that were taken away or given away are put right at the next start. */
static void rights_come_back(void)
{
    static const char *const rows[] = {
        "REVOKE ALL ON SCHEMA teller FROM teller_app",
        "REVOKE INSERT ON entry FROM teller_app",
        "REVOKE SELECT ON writer FROM teller_app",
        "REVOKE EXECUTE ON FUNCTION writer_advance FROM teller_app",
        "GRANT ALL ON ALL TABLES IN SCHEMA teller TO PUBLIC",
        "GRANT UPDATE (amount) ON entry TO teller_app",
        "DROP VIEW app_right",
    };
    const char *where = fixture_empty_database();
    struct ledger *ledger = fixture_open_abc(where, "owner");
    ledger_close(&ledger);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fixture_do(where, rows[i]);
        ledger = fixture_open(where, "owner");
        CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "a", "b", 1), LEDGER_OK);
        ledger_close(&ledger);
        CU_ASSERT_STRING_EQUAL(
            fixture_ask(where, "SELECT has_any_column_privilege('teller_app', 'entry', 'UPDATE')"),
            "f");
    }
}

/* The user that serves need not own anything: permission to work as the role is enough. */
static void another_login_may_serve(void)
{
    char where[400], theirs[400], error[1000];
    int from, to;
    snprintf(where, sizeof where, "%s", fixture_empty_database());
    struct pg *pg = connect_as(where, NULL);
    CU_ASSERT_EQUAL_FATAL(
        migrate_now(co_context_background(), pg, &from, &to, error, sizeof error), PG_OK);
    pg_close(&pg);
    fixture_do(where, "DO $$ BEGIN CREATE ROLE only_serves LOGIN; EXCEPTION WHEN duplicate_object"
                      " THEN NULL; END $$; GRANT teller_app TO only_serves");
    const char *rest = strstr(where, "user=tester") + strlen("user=tester");
    snprintf(theirs, sizeof theirs, "%.*suser=only_serves%s",
        (int)(strstr(where, "user=tester") - where), where, rest);
    struct ledger *ledger = fixture_open_abc(theirs, "owner");
    CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "a", "b", 1), LEDGER_OK);
    fixture_check(ledger);
    ledger_close(&ledger);
    fixture_do(where, "REVOKE teller_app FROM only_serves");
    CU_ASSERT_PTR_NOT_NULL(
        strstr(fixture_refusal(theirs, "owner"), "a user who serves needs GRANT teller_app TO it"));
}

static void run_shell(void *line)
{
    int status = system(line);
    CU_ASSERT_EQUAL(status, 0);
    if (status != 0)
        printf("\n    %s ", (const char *)line);
}

/* A dump carries no roles, and perhaps no rights: the next start sees to them. */
static void a_restored_dump_has_its_rights(void)
{
    static const char *const flags[] = {
        "", "--no-owner", "--no-privileges", "--no-owner --no-privileges"};
    char where[400], line[1000];
    snprintf(where, sizeof where, "%s", fixture_empty_database());
    struct ledger *ledger = fixture_open_abc(where, "owner");
    ledger_close(&ledger);
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        const char *other = fixture_empty_database();
        snprintf(line, sizeof line,
            "pg_dump -d '%s' -n teller %s | psql -qX -v ON_ERROR_STOP=1 -d '%s' >/dev/null", where,
            flags[i], other);
        co_blocking_call(run_shell, line);
        ledger = fixture_open(other, "owner");
        CU_ASSERT(fixture_balance(ledger, "a") == 100);
        CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "a", "b", 1), LEDGER_OK);
        fixture_check(ledger);
        ledger_close(&ledger);
        CU_ASSERT_STRING_EQUAL(
            fixture_ask(other, "SELECT has_table_privilege('teller_app', 'entry', 'DELETE')"), "f");
    }
}

/* Restored by a user who may neither create nor become the role: what is missing is told. */
static void a_dump_of_another_owner_says_what_is_missing(void)
{
    char where[400], theirs[400], line[1000];
    snprintf(where, sizeof where, "%s", fixture_empty_database());
    struct ledger *ledger = fixture_open_abc(where, "owner");
    ledger_close(&ledger);
    database_of("third_owner", theirs);
    snprintf(line, sizeof line,
        "pg_dump -d '%s' -n teller --no-owner --no-privileges | psql -qX -v ON_ERROR_STOP=1 -d "
        "'%s' >/dev/null",
        where, theirs);
    co_blocking_call(run_shell, line);
    CU_ASSERT_PTR_NOT_NULL(
        strstr(fixture_refusal(theirs, "owner"), "GRANT teller_app TO third_owner"));
    fixture_do(where, "GRANT teller_app TO third_owner");
    ledger = fixture_open(theirs, "owner");
    CU_ASSERT(fixture_balance(ledger, "a") == 100);
    CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "a", "b", 1), LEDGER_OK);
    ledger_close(&ledger);
    fixture_do(where, "REVOKE teller_app FROM third_owner");
}

static const struct unit_test tests[] = {
    {"the_role_cannot_rewrite_the_journal", the_role_cannot_rewrite_the_journal},
    {"an_owner_who_may_not_become_the_role_is_refused",
        an_owner_who_may_not_become_the_role_is_refused},
    {"rights_come_back", rights_come_back}, {"another_login_may_serve", another_login_may_serve},
    {"a_restored_dump_has_its_rights", a_restored_dump_has_its_rights},
    {"a_dump_of_another_owner_says_what_is_missing", a_dump_of_another_owner_says_what_is_missing},
    {0}};
const struct unit_suite rights_suite = {.name = "rights", .tests = tests};
