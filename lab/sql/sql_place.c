/* SPDX-License-Identifier: MIT */
/*
 * Invariant: while a place is taken, its connection holds the advisory lock of that number; so the
 * database gives it back whatever ends the run.
 */
#include "lab/sql/sql_place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "ledger/embed.h"

/* The class of the advisory locks that places are taken with; the object is the place. Any number
 * that no other program uses will do. */
#define PLACE_LOCK "731029589"

struct sql_place {
    char *conninfo;
    struct pg *pg;
    int number; /* 1 to SQL_PLACES */
    size_t accounts;
};

/* ---- making the places ----------------------------------------------------------------------- */

static enum pg_status make_places(struct co_context *context, struct pg *pg)
{
    static const char frame[] =
        "BEGIN; SELECT pg_advisory_xact_lock(" PLACE_LOCK ", 0);\n%s\nCOMMIT";
    const struct embed *file = embed_sql;
    while (file->name && strcmp(file->name, "lab.sql") != 0)
        file++;
    co_ensure(file->name != NULL); /* the build puts it there */
    const char *text = (const char *)file->data;
    int length = snprintf(NULL, 0, frame, text);
    char *sql = malloc((size_t)length + 1);
    if (!sql)
        return PG_LOST;
    snprintf(sql, (size_t)length + 1, frame, text);
    enum pg_status status = pg_script(context, pg, sql);
    free(sql);
    return status;
}

/* All there, and this user may work as the role? */
static bool are_there(struct co_context *context, struct pg *pg)
{
    static const struct pg_statement look = {
        .sql = "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
               " JOIN pg_roles r ON r.rolname = '" SQL_PLACE_ROLE "'"
               " WHERE n.nspname ~ '^" SQL_PLACE_ROLE "_[1-4]$' AND c.relname = 'account'"
               " AND pg_has_role(current_user, r.oid, 'MEMBER')"
               " AND has_schema_privilege(r.oid, n.oid, 'USAGE')"
               " AND has_table_privilege(r.oid, c.oid, 'DELETE')"};
    struct pg_result *rows = NULL;
    bool there =
        pg_run(context, pg, &look, NULL, &rows) == PG_OK && pg_number(rows, 0, 0) == SQL_PLACES;
    pg_free(&rows);
    return there;
}

static bool see_to_places(struct co_context *context, struct pg *pg, char error[SQL_PLACE_ERROR])
{
    if (pg_process(pg) == 0) {
        snprintf(error, SQL_PLACE_ERROR,
            "a pooler stands before the database; the lab needs sessions of its own");
        return false;
    }
    if (are_there(context, pg))
        return true;
    enum pg_status status = make_places(context, pg);
    if (status == PG_OK)
        return true;
    snprintf(error, SQL_PLACE_ERROR,
        "the lab has no place in this database yet: %.150s; run this once as a user who may create "
        "a role and schemas, and GRANT " SQL_PLACE_ROLE " TO the one who runs it after that",
        pg_message(pg));
    return false;
}

/* ---- sessions -------------------------------------------------------------------------------- */

/* Rights that the lab may not have been given: without them it works, with more in the server's
 * log. */
static bool set_if_allowed(struct co_context *context, struct pg *pg, const char *sql)
{
    enum pg_status status = pg_script(context, pg, sql);
    return status == PG_OK || status == PG_ERROR;
}

/* Look-ups go by the index, however small the table: a lock of the whole table in place of a row's
 * would have every serializable transaction meet every other one. */
static bool enter(struct co_context *context, struct pg *pg, int number, bool durable)
{
    char sql[300];
    snprintf(sql, sizeof sql,
        "SET ROLE " SQL_PLACE_ROLE "; SET search_path = " SQL_PLACE_ROLE "_%d, pg_temp;"
        " SET enable_seqscan = off; SET statement_timeout = '30s'; SET synchronous_commit = %s",
        number, durable ? "on" : "off");
    return pg_script(context, pg, sql) == PG_OK &&
           set_if_allowed(context, pg, "SET log_min_messages = fatal");
}

struct pg *sql_place_connect(struct co_context *context, const struct sql_place *place,
    bool durable, bool *hurries, char error[SQL_PLACE_ERROR])
{
    struct pg *pg = pg_connect(context, place->conninfo, NULL, error, SQL_PLACE_ERROR);
    if (!pg)
        return NULL;
    if (enter(context, pg, place->number, durable)) {
        *hurries =
            pg_script(context, pg,
                durable ? "SET deadlock_timeout = '10ms'" : "SET deadlock_timeout = '5s'") == PG_OK;
        if (!pg_is_lost(pg))
            return pg;
    }
    snprintf(error, SQL_PLACE_ERROR, "%s", pg_message(pg));
    pg_close(&pg);
    return NULL;
}

/* ---- taking one ------------------------------------------------------------------------------ */

/* The lowest place that is free; 0: none is, negative: the database refused. */
static int try_places(struct co_context *context, struct pg *pg)
{
    static const struct pg_statement lock = {
        .parameters = 1, .sql = "SELECT pg_try_advisory_lock(" PLACE_LOCK ", $1::int)"};
    for (int number = 1; number <= SQL_PLACES; number++) {
        char text[16];
        const char *value = text;
        struct pg_result *rows = NULL;
        snprintf(text, sizeof text, "%d", number);
        if (pg_run(context, pg, &lock, &value, &rows) != PG_OK)
            return -1;
        bool taken = *pg_text(rows, 0, 0) == 't';
        pg_free(&rows);
        if (taken)
            return number;
    }
    return 0;
}

static bool wait_for_place(
    struct co_context *context, struct sql_place *place, char error[SQL_PLACE_ERROR])
{
    int64_t until_ns = co_clock_now_ns() + SQL_PLACE_WAIT_S * CO_CLOCK_S;
    while ((place->number = try_places(context, place->pg)) == 0) {
        if (co_clock_now_ns() > until_ns || co_context_err(context) != CO_CONTEXT_OK) {
            snprintf(error, SQL_PLACE_ERROR, "the lab's %d places in this database are all in use",
                SQL_PLACES);
            return false;
        }
        co_sleep(20 * CO_CLOCK_MS);
    }
    if (place->number > 0 && enter(context, place->pg, place->number, false))
        return true;
    snprintf(error, SQL_PLACE_ERROR, "%s", pg_message(place->pg));
    return false;
}

struct sql_place *sql_place_take(
    struct co_context *context, const char *conninfo, char error[SQL_PLACE_ERROR])
{
    struct sql_place *place = calloc(1, sizeof *place);
    if (place)
        place->conninfo = strdup(conninfo);
    if (!place || !place->conninfo) {
        snprintf(error, SQL_PLACE_ERROR, "out of memory");
        sql_place_give(&place);
        return NULL;
    }
    place->pg = pg_connect(context, conninfo, NULL, error, SQL_PLACE_ERROR);
    if (!place->pg || !see_to_places(context, place->pg, error) ||
        !wait_for_place(context, place, error))
        sql_place_give(&place);
    return place;
}

void sql_place_give(struct sql_place **place)
{
    if (!*place)
        return;
    pg_close(&(*place)->pg);
    free((*place)->conninfo);
    free(*place);
    *place = NULL;
}

struct pg *sql_place_look(const struct sql_place *place)
{
    return place->pg;
}

/* ---- its accounts ---------------------------------------------------------------------------- */

static bool insert_all(struct co_context *context, struct sql_place *place,
    const struct sql_account *accounts, size_t count)
{
    static const struct pg_statement insert = {.parameters = 3,
        .sql = "INSERT INTO account (name, balance, start, no)"
               " VALUES ($1, $2::bigint, $2::bigint, $3::int)"};
    for (size_t i = 0; i < count; i++) {
        char start[24], no[24];
        const char *const values[] = {accounts[i].name, start, no};
        snprintf(start, sizeof start, "%lld", (long long)accounts[i].start);
        snprintf(no, sizeof no, "%zu", i);
        if (pg_run(context, place->pg, &insert, values, NULL) != PG_OK)
            return false;
    }
    return true;
}

bool sql_place_fill(struct co_context *context, struct sql_place *place,
    const struct sql_account *accounts, size_t count)
{
    place->accounts = count;
    return pg_script(context, place->pg, "BEGIN; DELETE FROM account") == PG_OK &&
           insert_all(context, place, accounts, count) &&
           pg_script(context, place->pg, "COMMIT") == PG_OK;
}

bool sql_place_balances(struct co_context *context, struct sql_place *place,
    void (*take)(size_t no, int64_t balance, void *arg), void *arg)
{
    static const struct pg_statement read = {.sql = "SELECT no, balance FROM account"};
    struct pg_result *rows = NULL;
    bool good = pg_run(context, place->pg, &read, NULL, &rows) == PG_OK;
    for (size_t i = 0; good && i < pg_rows(rows); i++)
        if ((size_t)pg_number(rows, i, 0) < place->accounts)
            take((size_t)pg_number(rows, i, 0), pg_number(rows, i, 1), arg);
    pg_free(&rows);
    return good;
}

bool sql_place_reset(struct co_context *context, struct sql_place *place)
{
    return pg_script(context, place->pg, "UPDATE account SET balance = start") == PG_OK;
}
