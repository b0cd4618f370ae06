/* SPDX-License-Identifier: MIT */
/*
 * Connecting. PQconnectPoll() knows no timeout of its own, and the look-up of a host's name blocks
 * the thread that makes it: the one is bounded here, the other done on a thread of the pool.
 *
 * Each session holds to the same settings, which are said to it after it is made and not in the
 * start-up packet: a pooler takes few there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/blocking.h"
#include "coro/clock.h"
#include "coro/poller.h"
#include "ledger/pg_parts.h"

static struct pg_demands demanded;

void pg_demand(const struct pg_demands *demands)
{
    demanded = *demands;
}

/* ---- the environment ----------------------------------------------------------------------- */

extern char **environ;

static bool may_stay(const char *name)
{
    static const char *const names[] = {"PGUSER=", "PGPASSWORD=", "PGPASSFILE=", "PGSERVICEFILE=",
        "PGSYSCONFDIR=", "PGREQUIREPEER=", "PGREQUIRESSL=", "PGCHANNELBINDING=", "PGSSL", "PGGSS",
        "PGKRB"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strncmp(name, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

void pg_clear_environment(bool is_private)
{
    char **kept = environ;
    for (char **entry = environ; entry && *entry; entry++)
        if (strncmp(*entry, "PG", 2) != 0 || (!is_private && may_stay(*entry)))
            *kept++ = *entry;
    if (kept)
        *kept = NULL;
}

/* ---- the session --------------------------------------------------------------------------- */

/*
 * What every session of ours holds to, whatever the server's defaults are. Asked first, as it was
 * before: may this database be trusted with money? synchronous_commit: what a reset would give.
 * client_min_messages: the warning that a COMMIT was cut short must come. A wait for a standby that
 * must have applied what was written is more than `on`, and stays. A server that is newer than 16
 * can end a transaction by its length.
 */
static const char pins[] =
    "SELECT current_setting('fsync'), current_setting('full_page_writes'),"
    " current_setting('synchronous_commit'), current_setting('session_replication_role'),"
    " set_config('synchronous_commit', CASE current_setting('synchronous_commit')"
    "  WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, false),"
    " CASE WHEN current_setting('transaction_timeout', true) IS NOT NULL"
    "  THEN set_config('transaction_timeout', '0', false) END;"
    "SET client_encoding = 'UTF8'; SET search_path = teller, pg_temp; SET row_security = off;"
    "SET client_min_messages = warning; SET standard_conforming_strings = on;"
    "SET timezone = 'UTC'; SET datestyle = 'ISO, MDY'; SET intervalstyle = postgres;"
    "SET bytea_output = hex; SET extra_float_digits = 1; SET jit = off;"
    "SET default_transaction_isolation = 'read committed';"
    "SET default_transaction_read_only = off; SET default_transaction_deferrable = off;"
    "SET statement_timeout = 0; SET lock_timeout = 0; SET idle_session_timeout = 0;"
    "SET idle_in_transaction_session_timeout = '60s';"
    "SET client_connection_check_interval = '5s'";

enum column { COLUMN_FSYNC, COLUMN_PAGES, COLUMN_COMMIT, COLUMN_REPLICATION };

/* What is wrong with a database that is to keep money; NULL: nothing. */
static const char *find_unsafe(const PGresult *rows)
{
    static const struct {
        enum column column;
        const char *value, *reason;
    } wrong[] = {
        {COLUMN_FSYNC, "off",
            "the database runs with fsync = off: a crash of its machine takes what it has "
            "committed"},
        {COLUMN_PAGES, "off",
            "the database runs with full_page_writes = off: a crash of its machine can tear pages"},
        {COLUMN_COMMIT, "off",
            "synchronous_commit = off is set in the server, the database or the role: a crash "
            "takes "
            "what was committed last"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        if (strcmp(PQgetvalue(rows, 0, wrong[i].column), wrong[i].value) == 0)
            return wrong[i].reason;
    return NULL;
}

static bool is_fit(struct pg *pg, const PGresult *rows, bool serves)
{
    const char *encoding = PQparameterStatus(pg->conn, "server_encoding");
    const char *reason = serves && !demanded.accept_unsafe ? find_unsafe(rows) : NULL;
    if (!encoding || strcmp(encoding, "UTF8") != 0)
        snprintf(pg->message, sizeof pg->message,
            "the database %.60s has the encoding %.30s, and must have UTF8: CREATE DATABASE ..."
            " ENCODING 'UTF8' TEMPLATE template0",
            PQdb(pg->conn), encoding ? encoding : "(unknown)");
    else if (serves && strcmp(PQgetvalue(rows, 0, COLUMN_REPLICATION), "origin") != 0)
        pg_note(pg, "session_replication_role is set for this role or database: the triggers that "
                    "guard the journal would not run");
    else if (reason)
        snprintf(pg->message, sizeof pg->message,
            "%s; --accept-unsafe-database serves it all the same", reason);
    else
        return true;
    return false;
}

/* Ask with a text of statements; the rows are those of its first. NULL: see the message. */
static PGresult *ask(struct context *context, struct pg *pg, const char *sql)
{
    PGresult *result, *rows = NULL;
    bool good = pg_begin(pg) && PQsendQuery(pg->conn, sql) && pg_flush(context, pg);
    while (good && (good = pg_next(context, pg, &result)) && result) {
        ExecStatusType kind = PQresultStatus(result);
        if (kind == PGRES_TUPLES_OK && !rows && PQntuples(result) == 1) {
            rows = result;
            continue;
        }
        if (kind != PGRES_COMMAND_OK && kind != PGRES_TUPLES_OK) {
            pg_note_error(pg, result);
            good = false;
        }
        PQclear(result);
    }
    if (good && rows)
        return rows;
    if (!*pg->message)
        pg_lose(pg);
    PQclear(rows);
    return NULL;
}

static bool pin_session(struct context *context, struct pg *pg, const char *role)
{
    static const struct pg_statement set_role = {.parameters = 1,
        .sql = "SELECT set_config('role', rolname, false) FROM pg_roles"
               " WHERE rolname = $1 AND pg_has_role(current_user, oid, 'MEMBER')"};
    PGresult *rows = ask(context, pg, pins);
    bool good = rows && is_fit(pg, rows, role != NULL);
    PQclear(rows);
    return good && (!role || pg_run(context, pg, &set_role, &role, NULL) == PG_OK);
}

/* ---- the connection ------------------------------------------------------------------------ */

/* The message of what was written last stays for who asks why; a warning makes it doubtful. */
static void take_notice(void *arg, const PGresult *result)
{
    struct pg *pg = arg;
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    if (!severity || strcmp(severity, "WARNING") != 0)
        return;
    pg->warned = true;
    pg_note(pg, PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
}

struct start {
    const char *conninfo;
    PGconn *conn;
};

/* What stands before `dbname`, which is the whole of the user's, is a default for it; what stands
 * behind it is not to be changed. */
static void start(void *arg)
{
    static const char *const names[] = {"fallback_application_name", "keepalives_idle",
        "keepalives_interval", "keepalives_count", "tcp_user_timeout", "dbname", "client_encoding",
        NULL};
    struct start *start = arg;
    const char *const values[] = {"teller", "2", "1", "3", "5000", start->conninfo, "UTF8", NULL};
    start->conn = PQconnectStartParams(names, values, 1);
}

static bool handshake(struct context *context, PGconn *conn)
{
    PostgresPollingStatusType next = PGRES_POLLING_WRITING;
    while (next != PGRES_POLLING_OK) {
        if (next == PGRES_POLLING_FAILED)
            return false;
        unsigned events = next == PGRES_POLLING_READING ? POLLER_READ : POLLER_WRITE;
        int fd = PQsocket(conn);
        if (poller_wait(context, fd, events) != POLLER_READY)
            return false;
        /* The call may close the descriptor and open another under the same number. */
        poller_forget(fd);
        next = PQconnectPoll(conn);
    }
    return true;
}

static bool is_up(struct context *context, struct pg *pg, const char *role)
{
    return PQstatus(pg->conn) != CONNECTION_BAD && handshake(context, pg->conn) &&
           PQsetnonblocking(pg->conn, 1) == 0 && pin_session(context, pg, role);
}

/* How long an attempt may take. The connect_timeout that was given, with which libpq itself does
 * nothing here, or ours. */
static int64_t patience_ns(PGconn *conn)
{
    int64_t seconds = 0;
    PQconninfoOption *options = PQconninfo(conn);
    for (PQconninfoOption *option = options; option && option->keyword; option++)
        if (strcmp(option->keyword, "connect_timeout") == 0 && option->val)
            seconds = strtol(option->val, NULL, 10);
    PQconninfoFree(options);
    return (seconds > 0 && seconds < 3600 ? seconds : PG_CONNECT_S) * CLOCK_S;
}

struct pg *pg_connect(
    struct context *context, const char *conninfo, const char *role, char *error, size_t error_size)
{
    struct start begun = {.conninfo = conninfo};
    struct pg *pg = calloc(1, sizeof *pg);
    if (pg)
        blocking_call(start, &begun);
    struct context *patience =
        begun.conn ? context_with_timeout(context, patience_ns(begun.conn)) : NULL;
    if (!patience) {
        snprintf(error, error_size, "out of memory");
        PQfinish(begun.conn);
        free(pg);
        return NULL;
    }
    pg->conn = begun.conn;
    PQsetNoticeReceiver(pg->conn, take_notice, pg);
    bool up = is_up(patience, pg, role);
    bool late = context_err(patience) != CONTEXT_OK;
    context_release(&patience);
    if (up)
        return pg;
    const char *reason = *pg->message && !late ? pg->message : PQerrorMessage(pg->conn);
    snprintf(error, error_size, "%.200s%s", reason,
        late      ? "no answer in time"
        : *reason ? ""
                  : "no reason given");
    error[strcspn(error, "\n")] = '\0';
    pg_close(&pg);
    return NULL;
}

void pg_close(struct pg **pg)
{
    if (!*pg)
        return;
    int fd = PQsocket((*pg)->conn);
    if (fd >= 0)
        poller_forget(fd);
    PQfinish((*pg)->conn);
    for (size_t i = 0; i < (*pg)->prepared_count; i++)
        free((*pg)->prepared[i]);
    free(*pg);
    *pg = NULL;
}
