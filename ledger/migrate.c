/* SPDX-License-Identifier: MIT */
#include "ledger/migrate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/embed.h"

/* Held while migrating; any number that no other program uses will do. */
#define MIGRATE_LOCK "7310295881"

/* The build lets only names with a number in (tools/embed.sh). */
static int number_of(const struct embed *file)
{
    return (int)strtol(file->name, NULL, 10);
}

static int newest_known(void)
{
    int newest = 0;
    for (const struct embed *file = embed_sql; file->name; file++)
        newest = number_of(file);
    return newest;
}

static enum pg_status applied(struct context *context, struct pg *pg, int *number)
{
    /* A slot that nobody else has: who migrates goes on to other statements on this connection. */
    static const struct pg_statement newest = {
        PG_SLOTS - 2, 0, "SELECT coalesce(max(no), 0) FROM migration"};
    struct pg_result *rows = NULL;
    enum pg_status status = pg_run(context, pg, &newest, NULL, &rows);
    if (status == PG_OK)
        *number = (int)pg_number(rows, 0, 0);
    pg_free(&rows);
    return status;
}

static enum pg_status apply(struct context *context, struct pg *pg, const struct embed *file)
{
    static const char frame[] = "BEGIN;\n%.*s\nINSERT INTO migration (no, name) VALUES (%d, '%s');"
                                "\nCOMMIT";
    int size = (int)file->size, number = number_of(file);
    const char *text = (const char *)file->data;
    int length = snprintf(NULL, 0, frame, size, text, number, file->name);
    char *sql = malloc((size_t)length + 1);
    ensure(sql != NULL); /* at start-up, a few kilobytes */
    snprintf(sql, (size_t)length + 1, frame, size, text, number, file->name);
    enum pg_status status = pg_script(context, pg, sql);
    free(sql);
    return status;
}

static enum pg_status apply_missing(
    struct context *context, struct pg *pg, char *error, size_t size)
{
    int have = 0;
    enum pg_status status = applied(context, pg, &have);
    if (status == PG_OK && have > newest_known()) {
        snprintf(error, size, "the database has schema %d, this program knows %d: it is too old",
            have, newest_known());
        return PG_ERROR;
    }
    for (const struct embed *file = embed_sql; file->name && status == PG_OK; file++)
        if (number_of(file) > have && (status = apply(context, pg, file)) != PG_OK)
            snprintf(error, size, "migration %s: %s", file->name, pg_message(pg));
    return status;
}

enum pg_status migrate(struct context *context, struct pg *pg, char *error, size_t size)
{
    *error = '\0';
    enum pg_status status = pg_script(context, pg,
        "SELECT pg_advisory_lock(" MIGRATE_LOCK ");"
        "CREATE SCHEMA IF NOT EXISTS teller;"
        "CREATE TABLE IF NOT EXISTS migration (no int PRIMARY KEY, name text NOT NULL,"
        " applied_at timestamptz NOT NULL DEFAULT now())");
    if (status == PG_OK)
        status = apply_missing(context, pg, error, size);
    if (status != PG_OK && !*error)
        snprintf(error, size, "%s", pg_message(pg));
    /* A failed one leaves its BEGIN open; the caller closes the connection, and with it the lock.
     */
    if (status == PG_OK)
        status = pg_script(context, pg, "SELECT pg_advisory_unlock(" MIGRATE_LOCK ")");
    return status;
}
