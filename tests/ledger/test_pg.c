/* SPDX-License-Identifier: MIT */
/* A session is the same whatever is set outside of it, a database that would lose or change what it
 * is given is refused, and no call waits forever for one that does not answer. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/waitgroup.h"
#include "ledger/db/pg.h"
#include "ledger/db/pg_secret.h"
#include "ledger/db/row.h"
#include "tests/ledger/fixture.h"

static const char *name_of(const char *db)
{
    return strstr(db, "dbname=") + 7;
}

/* ALTER DATABASE of its own. */
static void alter(const char *db, const char *what)
{
    char sql[300];
    snprintf(sql, sizeof sql, "ALTER DATABASE %s %s", name_of(db), what);
    fixture_do(db, sql);
}

/* Why a session that serves is refused; "" if it is not. */
static const char *refusal(const char *conninfo)
{
    static char error[300];
    struct pg *pg = pg_connect(co_context_background(), conninfo, PG_APP_ROLE, error, sizeof error);
    if (pg)
        error[0] = '\0';
    pg_close(&pg);
    return error;
}

static void expect_words(const char *text, const char *words)
{
    CU_ASSERT_PTR_NOT_NULL(strstr(text, words));
    if (!strstr(text, words))
        printf("\n    \"%s\" is not in \"%s\"\n    ", words, text);
}

/* ---- the session --------------------------------------------------------------------------- */

static const struct {
    const char *name, *other, *pinned;
} settings[] = {
    {"client_encoding", "LATIN1", "UTF8"},
    {"statement_timeout", "3s", "0"},
    {"lock_timeout", "3s", "0"},
    {"idle_session_timeout", "3s", "0"},
    {"idle_in_transaction_session_timeout", "3s", "1min"},
    {"datestyle", "SQL, DMY", "ISO, MDY"},
    {"intervalstyle", "sql_standard", "postgres"},
    {"timezone", "Asia/Tokyo", "UTC"},
    {"extra_float_digits", "-5", "1"},
    {"bytea_output", "escape", "hex"},
    {"search_path", "public", "teller, pg_temp"},
    {"standard_conforming_strings", "off", "on"},
    {"default_transaction_isolation", "serializable", "read committed"},
    {"default_transaction_read_only", "on", "off"},
    {"default_transaction_deferrable", "on", "off"},
    {"synchronous_commit", "local", "on"},
    {"row_security", "on", "off"},
    {"client_min_messages", "error", "warning"},
};

enum { SETTINGS = sizeof settings / sizeof settings[0] };

static void expect_pinned(const char *conninfo)
{
    char error[300];
    struct co_context *context = co_context_background();
    struct pg *pg = pg_connect(context, conninfo, PG_APP_ROLE, error, sizeof error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(pg);
    for (size_t i = 0; i < SETTINGS; i++) {
        static const struct pg_statement show = {
            .parameters = 1, .sql = "SELECT current_setting($1)"};
        struct pg_result *rows = NULL;
        CU_ASSERT_EQUAL(pg_run(context, pg, &show, &settings[i].name, &rows), PG_OK);
        const char *value = rows ? pg_text(rows, 0, 0) : "";
        CU_ASSERT_STRING_EQUAL(value, settings[i].pinned);
        if (strcmp(value, settings[i].pinned) != 0)
            printf("\n    %s is %s\n    ", settings[i].name, value);
        pg_free(&rows);
    }
    pg_close(&pg);
}

static void is_pinned_whole(void)
{
    char what[200], conninfo[500];
    const char *db = fixture_empty_database();
    snprintf(conninfo, sizeof conninfo, "%s", db);
    for (size_t i = 0; i < SETTINGS; i++) {
        const char *quote = strchr(settings[i].other, ',') ? "" : "'";
        snprintf(what, sizeof what, "SET %s = %s%s%s", settings[i].name, quote, settings[i].other,
            quote);
        alter(conninfo, what);
    }
    expect_pinned(conninfo);
    setenv("PGCLIENTENCODING", "LATIN1", 1);
    setenv("PGOPTIONS", "-cstatement_timeout=1s -cdatestyle=German -csearch_path=public", 1);
    setenv("PGTZ", "Asia/Tokyo", 1);
    expect_pinned(conninfo);
    unsetenv("PGCLIENTENCODING");
    unsetenv("PGOPTIONS");
    unsetenv("PGTZ");
}

/* libpq would read all of them. */
static void environment_has_no_say(void)
{
    static const char *const where[] = {"PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGSERVICE",
        "PGOPTIONS", "PGTARGETSESSIONATTRS", "PGAPPNAME", "PGTZ", "PGCONNECT_TIMEOUT"};
    static const char *const who[] = {"PGUSER", "PGPASSWORD", "PGPASSFILE", "PGSSLMODE",
        "PGSSLROOTCERT", "PGCHANNELBINDING", "PGSERVICEFILE", "PGGSSENCMODE"};
    enum { WHERE = sizeof where / sizeof where[0], WHO = sizeof who / sizeof who[0] };
    for (int is_private = 0; is_private < 2; is_private++) {
        for (size_t i = 0; i < WHERE; i++)
            setenv(where[i], "else", 1);
        for (size_t i = 0; i < WHO; i++)
            setenv(who[i], "me", 1);
        setenv("NOT_PGHOST", "stays", 1);
        pg_clear_environment(is_private);
        for (size_t i = 0; i < WHERE; i++)
            CU_ASSERT_PTR_NULL(getenv(where[i]));
        for (size_t i = 0; i < WHO; i++)
            CU_ASSERT_EQUAL(getenv(who[i]) == NULL, is_private);
        CU_ASSERT_PTR_NOT_NULL(getenv("NOT_PGHOST"));
    }
    CU_ASSERT_PTR_NOT_NULL(getenv("TEST_DATABASE"));
    unsetenv("NOT_PGHOST");
}

/* Two statements that were given one number on one connection. */
static void statements_keep_apart(void)
{
    char error[300];
    struct co_context *context = co_context_background();
    struct pg *pg = pg_connect(context, fixture_empty_database(), NULL, error, sizeof error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(pg);
    for (int i = 0; i < 300; i++) { /* more than a connection keeps; each third comes again */
        char sql[40], expected[20];
        int n = i % 3 == 2 ? i - 2 : i;
        snprintf(sql, sizeof sql, "SELECT %d", n);
        snprintf(expected, sizeof expected, "%d", n);
        const struct pg_statement statement = {.sql = sql};
        struct pg_result *rows = NULL;
        CU_ASSERT_EQUAL_FATAL(pg_run(context, pg, &statement, NULL, &rows), PG_OK);
        CU_ASSERT_STRING_EQUAL(pg_text(rows, 0, 0), expected);
        pg_free(&rows);
    }
    pg_close(&pg);
}

/* ---- what is refused ------------------------------------------------------------------------ */

static void other_encodings_are_refused(void)
{
    char conninfo[500], name[60];
    const char *db = fixture_empty_database();
    snprintf(name, sizeof name, "%s_latin", name_of(db));
    snprintf(conninfo, sizeof conninfo,
        "CREATE DATABASE %s ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0",
        name);
    fixture_do(db, conninfo);
    snprintf(conninfo, sizeof conninfo, "%.*s%s", (int)(name_of(db) - db), db, name);
    expect_words(refusal(conninfo), "has the encoding LATIN1, and must have UTF8");
    expect_words(fixture_refusal(conninfo, "owner"), "has the encoding LATIN1, and must have UTF8");
}

static void expect_unsafe(const char *db, const char *words)
{
    expect_words(refusal(db), words);
    pg_demand(&(struct pg_demands){.accept_unsafe = true});
    CU_ASSERT_STRING_EQUAL(refusal(db), "");
    pg_demand(&(struct pg_demands){0});
}

static void unsafe_databases_are_refused(void)
{
    char db[400], what[100];
    snprintf(db, sizeof db, "%s", fixture_empty_database());
    CU_ASSERT_STRING_EQUAL(refusal(db), "");
    alter(db, "SET synchronous_commit = off");
    expect_unsafe(db, "synchronous_commit = off is set in the server, the database or the role");
    alter(db, "RESET synchronous_commit");
    snprintf(what, sizeof what, "ALTER ROLE tester IN DATABASE %s SET synchronous_commit = off",
        name_of(db));
    fixture_do(db, what);
    expect_unsafe(db, "synchronous_commit = off");
    snprintf(db, sizeof db, "%s", fixture_empty_database());
    CU_ASSERT_STRING_EQUAL(refusal(db), "");
    alter(db, "SET session_replication_role = replica");
    expect_words(refusal(db), "session_replication_role");
    alter(db, "RESET session_replication_role");
    fixture_set_server(db, "fsync", "off");
    expect_unsafe(db, "fsync = off");
    fixture_set_server(db, "fsync", NULL);
    fixture_set_server(db, "full_page_writes", "off");
    expect_unsafe(db, "full_page_writes = off");
    fixture_set_server(db, "full_page_writes", NULL);
    CU_ASSERT_STRING_EQUAL(refusal(db), "");
}

/* ---- what is in doubt ----------------------------------------------------------------------- */

struct commit {
    struct pg *pg;
    enum pg_status status;
    bool committed;
    struct co_waitgroup running;
};

static void commit(void *arg)
{
    struct commit *commit = arg;
    commit->status = pg_load(co_context_background(), commit->pg,
        "BEGIN; CREATE TABLE public.t (); COMMIT", NULL, 0, &commit->committed);
    co_waitgroup_done(&commit->running);
}

/* Replication is synchronous, no standby is there, and the wait for it is ended from outside. */
static void warned_commit_is_unknown(void)
{
    char db[400], error[300];
    snprintf(db, sizeof db, "%s", fixture_empty_database());
    struct commit waiting = {
        .pg = pg_connect(co_context_background(), db, NULL, error, sizeof error)};
    CU_ASSERT_PTR_NOT_NULL_FATAL(waiting.pg);
    fixture_set_server(db, "synchronous_standby_names", "nobody");
    co_waitgroup_add(&waiting.running, 1);
    co_ensure(co_spawn(commit, &waiting));
    static const char ask[] =
        "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
        " AND query LIKE 'BEGIN; CREATE TABLE public.t%'";
    for (int i = 0; i < 1000 && strcmp(fixture_ask(db, ask), "1") != 0; i++)
        co_sleep(10 * CO_CLOCK_MS);
    co_waitgroup_wait(&waiting.running);
    fixture_set_server(db, "synchronous_standby_names", NULL);
    CU_ASSERT_EQUAL(waiting.status, PG_LOST);
    CU_ASSERT_FALSE(waiting.committed);
    expect_words(pg_message(waiting.pg), "canceling wait for synchronous replication");
    CU_ASSERT_STRING_EQUAL(fixture_ask(db, "SELECT to_regclass('public.t')::text"), "public.t");
    pg_close(&waiting.pg);
}

/* ---- what does not answer ------------------------------------------------------------------- */

/* Something listens there, and never says a word. */
static int listen_deaf(int *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    co_ensure(fd >= 0 && bind(fd, (struct sockaddr *)&address, size) == 0 && listen(fd, 8) == 0 &&
              getsockname(fd, (struct sockaddr *)&address, &size) == 0);
    *port = ntohs(address.sin_port);
    return fd;
}

static void no_wait_is_endless(void)
{
    char conninfo[200], error[300];
    int port, deaf = listen_deaf(&port);
    struct co_context *context = co_context_background();
    snprintf(conninfo, sizeof conninfo, "host=127.0.0.1 port=%d dbname=x connect_timeout=1", port);
    CU_ASSERT_PTR_NULL(pg_connect(context, conninfo, NULL, error, sizeof error));
    expect_words(error, "no answer in time");
    snprintf(conninfo, sizeof conninfo, "host=127.0.0.1 port=%d dbname=x", port);
    CU_ASSERT_PTR_NULL(pg_connect(context, conninfo, NULL, error, sizeof error));
    expect_words(error, "no answer in time");
    close(deaf);
    struct pg *pg = pg_connect(context, fixture_empty_database(), NULL, error, sizeof error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(pg);
    pg_bound(pg, CO_CLOCK_S);
    CU_ASSERT_EQUAL(pg_script(context, pg, "SELECT pg_sleep(0.2)"), PG_OK);
    CU_ASSERT_EQUAL(pg_script(context, pg, "SELECT pg_sleep(600)"), PG_LOST);
    expect_words(pg_message(pg), "the database has not answered for");
    pg_close(&pg);
}

/* Texts and binary rows of one statement, prepared once; a value that is none is told. */
static void rows_come_binary(void)
{
    static const struct pg_statement text = {
        1, "SELECT $1::bigint, 'x'::text, NULL::numeric, 'NaN'::numeric, -12345.0::numeric(38, 0)"};
    static const struct pg_statement binary = {1 | PG_BINARY,
        "SELECT $1::bigint, 'x'::text, NULL::numeric, 'NaN'::numeric, -12345.0::numeric(38, 0)"};
    const char *value = "72057594037927937";
    char error[300], letter[2];
    bool wrong = false;
    struct pg_result *rows = NULL;
    struct row row;
    struct co_context *context = co_context_background();
    struct pg *pg = pg_connect(context, fixture_empty_database(), NULL, error, sizeof error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(pg);
    for (int i = 0; i < 2; i++) {
        CU_ASSERT_EQUAL_FATAL(pg_run(context, pg, &text, &value, &rows), PG_OK);
        CU_ASSERT_STRING_EQUAL(pg_text(rows, 0, 0), value);
        CU_ASSERT_STRING_EQUAL(pg_text(rows, 0, 3), "NaN");
        pg_free(&rows);
        CU_ASSERT_EQUAL_FATAL(pg_run(context, pg, &binary, &value, &rows), PG_OK);
        pg_row(rows, 0, &wrong, &row);
        CU_ASSERT_EQUAL(row.columns, 5);
        CU_ASSERT_EQUAL(row_bigint(&row, 0), (UINT64_C(1) << 56) + 1);
        CU_ASSERT(row_text(&row, 1, letter, sizeof letter) && *letter == 'x');
        CU_ASSERT(row_is_null(&row, 2));
        CU_ASSERT(row_money(&row, 4) == -12345);
        CU_ASSERT_FALSE(wrong);
        CU_ASSERT(row_money(&row, 3) == 0 && wrong);
        wrong = false;
        pg_free(&rows);
    }
    pg_close(&pg);
}

/* Said of a database is where it is, never how one gets in; of a string that libpq refuses, or has
 * no memory for, nothing. */
static void secrets_are_not_described(void)
{
    static const struct {
        const char *conninfo, *said;
    } rows[] = {
        {"postgresql://ann:s3cret@db:5433/bank", "host=db port=5433 dbname=bank user=ann"},
        {"host=db password='s3cret' dbname=bank", "host=db dbname=bank"},
        {"host=db password=s3cret dbname", ""},
        {"", ""},
    };
    char text[200];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pg_secret_describe(rows[i].conninfo, text, sizeof text);
        CU_ASSERT_STRING_EQUAL(text, rows[i].said);
    }
}

static const struct unit_test tests[] = {{"is_pinned_whole", is_pinned_whole},
    {"environment_has_no_say", environment_has_no_say},
    {"secrets_are_not_described", secrets_are_not_described},
    {"statements_keep_apart", statements_keep_apart}, {"rows_come_binary", rows_come_binary},
    {"other_encodings_are_refused", other_encodings_are_refused},
    {"unsafe_databases_are_refused", unsafe_databases_are_refused},
    {"warned_commit_is_unknown", warned_commit_is_unknown},
    {"no_wait_is_endless", no_wait_is_endless}, {0}};
const struct unit_suite pg_suite = {.name = "pg", .tests = tests};
