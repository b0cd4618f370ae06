/* SPDX-License-Identifier: MIT */
/*
 * What every session of ours is like, and which databases are not fit for money. The settings are
 * sent after a session is made and not in the start-up packet: a pooler accepts few there.
 *
 * Behind a pooler (pgbouncer in transaction mode) the server's session is ours for one transaction
 * at a time. So each pins itself, nothing is prepared under a name, and a statement that stands
 * alone gets a transaction of its own (pg_frame.c).
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/db/pg_hosts.h"

static struct {
    _Atomic bool require_sync, accept_unsafe; /* read by every session that connects or commits */
} demanded;

void pg_demand(const struct pg_demands *demands)
{
    demanded.require_sync = demands->require_sync;
    demanded.accept_unsafe = demands->accept_unsafe;
}

bool pg_demands_sync(void)
{
    return demanded.require_sync;
}

/*
 * What every session of ours holds to, whatever the server's defaults are. client_min_messages: the
 * warning that a COMMIT was cut short must come.
 */
static const char *const settings[] = {"client_encoding = 'UTF8'", "search_path = teller, pg_temp",
    "row_security = off", "client_min_messages = warning", "standard_conforming_strings = on",
    "timezone = 'UTC'", "datestyle = 'ISO, MDY'", "intervalstyle = postgres", "bytea_output = hex",
    "extra_float_digits = 1", "jit = off", "default_transaction_isolation = 'read committed'",
    "default_transaction_read_only = off", "default_transaction_deferrable = off",
    "statement_timeout = 0", "lock_timeout = 0", "idle_session_timeout = 0",
    "idle_in_transaction_session_timeout = '60s'", "client_connection_check_interval = '5s'"};

/* Asked before that: may this database be trusted with money? synchronous_commit: what a reset
 * would give. A server that is newer than 16 can end a transaction by its length. */
static const char facts[] =
    "SELECT current_setting('fsync'), current_setting('full_page_writes'),"
    " (SELECT reset_val FROM pg_settings WHERE name = 'synchronous_commit'),"
    " current_setting('session_replication_role'),"
    " current_setting('transaction_timeout', true) IS NOT NULL, pg_backend_pid()";

enum column {
    COLUMN_FSYNC,
    COLUMN_PAGES,
    COLUMN_COMMIT,
    COLUMN_REPLICATION,
    COLUMN_TIMEOUT,
    COLUMN_PROCESS
};

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
            "takes what was committed last"},
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
static PGresult *ask(struct co_context *context, struct pg *pg, const char *sql)
{
    PGresult *result, *rows = NULL;
    bool good = pg_begin(pg) && PQsendQuery(pg->conn, sql) && pg_flush(context, pg);
    /* Keep the first row that comes; the other results must only be free of errors. */
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

/*
 * Which cluster it is, and on which timeline it writes: each promotion begins a new one. One that
 * does not say is taken as it is.
 */
static bool find_place(struct co_context *context, struct pg *pg)
{
    static const char place[] =
        "SELECT pg_is_in_recovery(), CASE WHEN pg_is_in_recovery() THEN 0"
        "  ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::bigint END,"
        " system_identifier FROM pg_control_system()";
    PGresult *rows = ask(context, pg, place);
    if (!rows) {
        pg->message[0] = '\0';
        return !pg->lost;
    }
    pg->standby = *PQgetvalue(rows, 0, 0) == 't';
    pg->timeline = (uint32_t)strtoul(PQgetvalue(rows, 0, 1), NULL, 10);
    pg->system = strtoull(PQgetvalue(rows, 0, 2), NULL, 10);
    PQclear(rows);
    return true;
}

/* Add "SET [LOCAL] setting;". False: it does not fit. */
static bool add(char *text, size_t size, bool local, const char *setting)
{
    size_t length = strlen(text);
    int more = snprintf(text + length, size - length, "SET %s%s;", local ? "LOCAL " : "", setting);
    return (size_t)more < size - length;
}

/* All pins as one text; `local`: for one transaction. A wait for a standby that must have applied
 * what was written is more than `on`, and stays. NULL: memory is short. */
static char *write_pins(struct pg *pg, const PGresult *rows, const char *role, bool local)
{
    enum { SIZE = 1500 };
    const char *commit = PQgetvalue(rows, 0, COLUMN_COMMIT);
    char *text = calloc(1, SIZE), *quoted = NULL, words[120];
    bool good = text != NULL;
    for (size_t i = 0; good && i < sizeof settings / sizeof settings[0]; i++)
        good = add(text, SIZE, local, settings[i]);
    if (good && pg->reads)
        good = add(text, SIZE, local, "default_transaction_read_only = on");
    if (good && *PQgetvalue(rows, 0, COLUMN_TIMEOUT) == 't')
        good = add(text, SIZE, local, "transaction_timeout = 0");
    snprintf(words, sizeof words, "synchronous_commit = %s",
        strcmp(commit, "remote_apply") == 0 ? commit : "on");
    good = good && add(text, SIZE, local, words);
    if (good && role) {
        quoted = PQescapeIdentifier(pg->conn, role, strlen(role));
        snprintf(words, sizeof words, "ROLE %.100s", quoted ? quoted : "");
        good = quoted && add(text, SIZE, local, words);
    }
    PQfreemem(quoted);
    if (good)
        return text;
    free(text);
    pg_note(pg, "out of memory");
    return NULL;
}

/* The role, if there is one that we may work as; NULL: as ourselves. False: see the message. */
static bool find_role(struct co_context *context, struct pg *pg, const char **role)
{
    static const struct pg_statement find = {.parameters = 1,
        .sql =
            "SELECT FROM pg_roles WHERE rolname = $1 AND pg_has_role(current_user, oid, 'MEMBER')"};
    struct pg_result *rows = NULL;
    if (pg_run(context, pg, &find, role, &rows) != PG_OK)
        return false;
    if (pg_rows(rows) == 0)
        *role = NULL;
    pg_free(&rows);
    return true;
}

/* Does a process answer other than the one that libpq was told of? Then a pooler stands in between,
 * and hands out the server's sessions. */
static bool is_pooled(const struct pg *pg, const PGresult *rows)
{
    return strtol(PQgetvalue(rows, 0, COLUMN_PROCESS), NULL, 10) != PQbackendPID(pg->conn);
}

/* A pooler's session is another's in a moment: it is left as it is, and each transaction of ours
 * pins itself. */
static bool set_pins(
    struct co_context *context, struct pg *pg, const PGresult *rows, const char *role)
{
    /* Pins that are there, though empty, make find_role() work behind a pooler. */
    bool pooled = is_pooled(pg, rows);
    if (pooled && !(pg->pins = calloc(1, 1))) {
        pg_note(pg, "out of memory");
        return false;
    }
    if (role && !find_role(context, pg, &role))
        return false;
    char *pins = write_pins(pg, rows, role, pooled);
    if (!pins)
        return false;
    if (pooled) {
        free(pg->pins);
        pg->pins = pins;
        return true;
    }
    bool good = pg_script(context, pg, pins) == PG_OK;
    free(pins);
    return good;
}

bool pg_pin(struct co_context *context, struct pg *pg, const char *role)
{
    if (!find_place(context, pg))
        return false;
    if (role && pg->standby && !pg->reads) {
        pg_note(pg, "the database is a standby, which takes no writes");
        return false;
    }
    PGresult *rows = ask(context, pg, facts);
    bool good = rows && is_fit(pg, rows, role && !pg->reads) && set_pins(context, pg, rows, role);
    PQclear(rows);
    return good;
}
