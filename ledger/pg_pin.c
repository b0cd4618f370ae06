/* SPDX-License-Identifier: MIT */
/*
 * What every session of ours is like, and which databases are none for money. The settings are said
 * after a session is made and not in the start-up packet: a pooler takes few there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/pg_hosts.h"

static struct pg_demands demanded;

void pg_demand(const struct pg_demands *demands)
{
    demanded = *demands;
}

bool pg_demands_sync(void)
{
    return demanded.require_sync;
}

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

/*
 * Which cluster it is, and on which timeline it writes: each promotion begins a new one. Who does
 * not tell is taken as it is.
 */
static bool find_place(struct context *context, struct pg *pg)
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

bool pg_pin(struct context *context, struct pg *pg, const char *role)
{
    static const struct pg_statement set_role = {.parameters = 1,
        .sql = "SELECT set_config('role', rolname, false) FROM pg_roles"
               " WHERE rolname = $1 AND pg_has_role(current_user, oid, 'MEMBER')"};
    if (!find_place(context, pg))
        return false;
    if (role && pg->standby) {
        pg_note(pg, "the database is a standby, which takes no writes");
        return false;
    }
    PGresult *rows = ask(context, pg, pins);
    bool good = rows && is_fit(pg, rows, role != NULL);
    PQclear(rows);
    return good && (!role || pg_run(context, pg, &set_role, &role, NULL) == PG_OK);
}
