/* SPDX-License-Identifier: MIT */
/*
 * Whoever migrates does it in transactions that begin with the same lock and with a row in
 * `migration`: of two that run together, the second waits, and then finds that row there. So it
 * works through a pooler too. A table that stays in use is waited for in short turns, as a
 * migration that waits makes everyone behind it wait.
 */
#include "ledger/db/migrate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "ledger/embed.h"
#include "ledger/db/living.h"
#include "ledger/db/rights.h"
#include "ledger/db/sql_statement.h"
#include "ledger/notice.h"

enum { REASON = RIGHTS_REASON };

/* What 003 says is in grants.sql, which is asked each time: a role of that name may belong to
 * another owner in the same cluster, and then 003 fails. */
enum { SUPERSEDED = 3 };

/* 0: a file that is not a migration. The build lets in only names with a number, grants.sql and
 * lab.sql. */
static int number_of(const struct embed *file)
{
    return (int)strtol(file->name, NULL, 10);
}

int migrate_newest(void)
{
    int newest = 0;
    for (const struct embed *file = embed_sql; file->name; file++)
        if (number_of(file) > newest)
            newest = number_of(file);
    return newest;
}

/* The oldest program that works with a database that has it. */
static int compatible_from(const struct embed *file)
{
    static const char mark[] = "\n-- compatible: ";
    const char *at = strstr((const char *)file->data, mark);
    return at ? (int)strtol(at + strlen(mark), NULL, 10) : number_of(file);
}

/* ---- what the database has ------------------------------------------------------------------- */

struct schema {
    int has;    /* its newest migration; 0: there is no schema */
    int needed; /* the oldest program that works with it, by its newest migration */
};

static enum pg_status fail(struct pg *pg, enum pg_status status, char *error, size_t size)
{
    snprintf(error, size, "%s", pg_message(pg));
    return status;
}

/* Ask for one number. */
static enum pg_status ask(struct co_context *context, struct pg *pg,
    const struct pg_statement *statement, const char *value, int *number)
{
    struct pg_result *rows = NULL;
    enum pg_status status = pg_run(context, pg, statement, &value, &rows);
    if (status == PG_OK)
        *number = (int)pg_number(rows, 0, 0);
    pg_free(&rows);
    return status;
}

/* A user without rights can be helped. */
static enum pg_status fail_to_look(struct pg *pg, enum pg_status status, char *error, size_t size)
{
    if (status != PG_ERROR || strcmp(pg_sqlstate(pg), "42501") != 0)
        return fail(pg, status, error, size);
    snprintf(error, size,
        "%s: a user who serves needs GRANT " PG_APP_ROLE " TO it, one who migrates owns it",
        pg_message(pg));
    return status;
}

/* Of a migration that we do not know and that names no program, the program before it is expected
 * to work with it: sql/README.md. The column may be missing: then none names one. */
static enum pg_status look(
    struct co_context *context, struct pg *pg, struct schema *schema, char *error, size_t size)
{
    static const struct pg_statement find = {
        .sql = "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
               " WHERE nspname = 'teller' AND relname = 'migration'"};
    static const struct pg_statement newest = {
        .sql = "SELECT coalesce(max(no), 0) FROM teller.migration"};
    static const struct pg_statement needed = {.parameters = 1,
        .sql = "SELECT coalesce(max(coalesce((to_jsonb(m) ->> 'compatible')::int, no - 1)), 0)"
               " FROM teller.migration m WHERE no > $1::int"};
    char known[16];
    int found = 0;
    *schema = (struct schema){.has = 0};
    snprintf(known, sizeof known, "%d", migrate_newest());
    enum pg_status status = ask(context, pg, &find, NULL, &found);
    if (status == PG_OK && found)
        status = ask(context, pg, &newest, NULL, &schema->has);
    if (status == PG_OK && found)
        status = ask(context, pg, &needed, known, &schema->needed);
    return status == PG_OK ? PG_OK : fail_to_look(pg, status, error, size);
}

/* Too new for this program? Then say so. */
static bool is_beyond_us(const struct schema *schema, char *error, size_t size)
{
    if (schema->needed <= migrate_newest())
        return false;
    snprintf(error, size,
        "the database has schema %d, which needs a program of schema %d or later; this one has "
        "schema %d: it is too old",
        schema->has, schema->needed, migrate_newest());
    return true;
}

/* ---- changing it ----------------------------------------------------------------------------- */

static const char first_of_all[] =
    "BEGIN; SET LOCAL statement_timeout = 0; SELECT pg_advisory_xact_lock(" RIGHTS_LOCK ");"
    "DO $$ BEGIN IF to_regnamespace('teller') IS NULL THEN CREATE SCHEMA teller; END IF; END $$;"
    "SET LOCAL search_path = teller, pg_temp;"
    "CREATE TABLE IF NOT EXISTS migration (no int PRIMARY KEY, name text NOT NULL,"
    " applied_at timestamptz NOT NULL DEFAULT now());"
    "ALTER TABLE migration ADD COLUMN IF NOT EXISTS compatible int; COMMIT";

/* A refused text leaves its transaction open. */
static enum pg_status roll_back(struct co_context *context, struct pg *pg)
{
    return pg_script(context, pg, "ROLLBACK") == PG_OK ? PG_ERROR : PG_LOST;
}

/* From ALONE_FROM on each statement goes by itself: tables may be distributed by then, and nodes
 * take no change of the schema that has company. */
static enum pg_status apply_text(
    struct co_context *context, struct pg *pg, int number, const char *text)
{
    enum { ALONE_FROM = 18 };
    if (number < ALONE_FROM)
        return pg_script(context, pg, text);
    enum pg_status status = PG_OK;
    size_t length;
    for (; status == PG_OK && (length = sql_statement_length(text)) > 0; text += length) {
        char *statement = strndup(text, length);
        status = statement ? pg_script(context, pg, statement) : PG_LOST;
        free(statement);
    }
    return status;
}

static enum pg_status apply_once(
    struct co_context *context, struct pg *pg, const struct embed *file)
{
    char begin[500];
    int number = number_of(file);
    snprintf(begin, sizeof begin,
        "BEGIN; SET LOCAL statement_timeout = 0; SELECT pg_advisory_xact_lock(" RIGHTS_LOCK ");"
        "SET LOCAL lock_timeout = '1s'; SET LOCAL search_path = teller, pg_temp;"
        "INSERT INTO migration (no, name, compatible) VALUES (%d, '%s', %d)",
        number, file->name, compatible_from(file));
    enum pg_status status = pg_script(context, pg, begin);
    if (status == PG_OK && number != SUPERSEDED)
        status = apply_text(context, pg, number, (const char *)file->data);
    return status == PG_OK ? pg_script(context, pg, "COMMIT") : status;
}

/* Repeat while one of its tables is in use; what another process has applied meanwhile is as good
 * as our own. */
static enum pg_status apply(
    struct co_context *context, struct pg *pg, const struct embed *file, char *error, size_t size)
{
    enum { TRIES = 60 };
    enum pg_status status = PG_ERROR;
    for (int tries = 0; tries < TRIES; tries++) {
        status = apply_once(context, pg, file);
        if (status != PG_ERROR)
            break;

        /* Another process was first; or a table is in use, which may take a minute to end. */
        bool there = strcmp(pg_sqlstate(pg), "23505") == 0 && strstr(pg_message(pg), "migration_");
        bool locked = strcmp(pg_sqlstate(pg), "55P03") == 0;
        snprintf(error, size, "migration %s: %s", file->name, pg_message(pg));
        status = roll_back(context, pg);
        if (there && status == PG_ERROR)
            return PG_OK;
        if (!locked || status == PG_LOST || co_context_err(context) != CO_CONTEXT_OK)
            break;
        co_sleep(CO_CLOCK_S);
    }
    if (status == PG_LOST)
        snprintf(error, size, "migration %s: %s", file->name, pg_message(pg));
    return status;
}

static enum pg_status apply_missing(
    struct co_context *context, struct pg *pg, int has, char *error, size_t size)
{
    enum pg_status status = pg_script(context, pg, first_of_all);
    if (status != PG_OK)
        return fail(pg, status, error, size);
    for (const struct embed *file = embed_sql; file->name && status == PG_OK; file++)
        if (number_of(file) > has)
            status = apply(context, pg, file, error, size);
    return status == PG_OK ? rights_grant(context, pg, error, size) : status;
}

/* The first that is missing and that a program of the schema that is there does not work with. */
static const struct embed *first_breaking(int has)
{
    for (const struct embed *file = embed_sql; file->name; file++)
        if (number_of(file) > has && compatible_from(file) > has)
            return file;
    return NULL;
}

/* ---- for commands ---------------------------------------------------------------------------- */

enum pg_status migrate_check(struct co_context *context, struct pg *pg, char *error, size_t size)
{
    struct schema schema;
    enum pg_status status = look(context, pg, &schema, error, size);
    if (status != PG_OK)
        return status;
    if (is_beyond_us(&schema, error, size))
        return PG_ERROR;
    if (schema.has == 0)
        snprintf(error, size, "there is no bank in this database; teller serve makes one");
    else if (schema.has < migrate_newest())
        snprintf(error, size, "the database has schema %d, this program %d; run teller migrate",
            schema.has, migrate_newest());
    return schema.has < migrate_newest() ? PG_ERROR : PG_OK;
}

enum pg_status migrate_now(
    struct co_context *context, struct pg *pg, int *from, int *to, char *error, size_t size)
{
    struct schema schema;
    enum pg_status status = look(context, pg, &schema, error, size);
    if (status != PG_OK)
        return status;
    *from = schema.has;
    *to = schema.has > migrate_newest() ? schema.has : migrate_newest();
    if (is_beyond_us(&schema, error, size))
        return PG_ERROR;
    if (schema.has > migrate_newest())
        return PG_OK; /* the rights are those that the newer one wants */
    const struct embed *breaking = schema.has ? first_breaking(schema.has) : NULL;
    bool lives = false;
    if (breaking && (status = living_look(context, pg, &lives)) != PG_OK)
        return fail(pg, status, error, size);
    if (lives) {
        snprintf(error, size,
            "a server lives on this database, with schema %d, that does not work with migration %s:"
            " stop it first, or start the new version beside it, which then waits for its end",
            schema.has, breaking->name);
        return PG_ERROR;
    }
    return apply_missing(context, pg, schema.has, error, size);
}

/* ---- for a server ---------------------------------------------------------------------------- */

/* An older schema is left alone for as long as a server lives on it. */
static enum pg_status bring_up_to_date(
    struct co_context *context, struct pg *pg, struct schema *schema, char *error, size_t size)
{
    for (bool noticed = false;; noticed = true) {
        bool lives = false;
        enum pg_status status = look(context, pg, schema, error, size);
        if (status != PG_OK || schema->has >= migrate_newest())
            return status;
        if (schema->has > 0 && (status = living_look(context, pg, &lives)) != PG_OK)
            return fail(pg, status, error, size);

        /* Stand by while an older server works with the old schema. */
        if (!lives)
            return apply_missing(context, pg, schema->has, error, size);
        if (!noticed)
            notice(NOTICE_INFO,
                "a server of an older version, schema %d, serves this database; standing "
                "by until it ends, then it is migrated to schema %d",
                schema->has, migrate_newest());
        snprintf(error, size, "a server of an older version serves this database");
        if (co_context_err(context) != CO_CONTEXT_OK)
            return PG_LOST;
        co_sleep(200 * CO_CLOCK_MS);
    }
}

/* The rights are given again when some are missing, unless the schema is a newer program's: then it
 * is for that one to know what is needed. */
static enum pg_status see_to_rights(
    struct co_context *context, struct pg *pg, bool ours, char *error, size_t size)
{
    char reason[REASON];
    enum pg_status status = rights_check(context, pg, ours, reason);
    if (status == PG_OK && *reason && ours) {
        if (rights_grant(context, pg, error, size) == PG_LOST)
            return PG_LOST;
        status = rights_check(context, pg, ours, reason);
    }
    if (status != PG_OK)
        return fail(pg, status, error, size);
    if (*reason)
        snprintf(error, size, "%s", reason);
    return *reason ? PG_ERROR : PG_OK;
}

enum pg_status migrate(struct co_context *context, struct pg *pg, char *error, size_t size)
{
    struct schema schema;
    *error = '\0';
    enum pg_status status = bring_up_to_date(context, pg, &schema, error, size);
    if (status == PG_OK && is_beyond_us(&schema, error, size))
        status = PG_ERROR;
    if (status != PG_OK)
        return status;
    return see_to_rights(context, pg, schema.has <= migrate_newest(), error, size);
}
