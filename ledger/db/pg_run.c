/* SPDX-License-Identifier: MIT */
/* Statements on a connection, and their rows. A PGresult travels as struct pg_result, which is
 * never defined. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/db/pg_private.h"
#include "ledger/db/row.h"

/* An error without a code is libpq's own, and the connection's end. */
static bool is_lost_by(const PGresult *result)
{
    return PQresultStatus(result) == PGRES_FATAL_ERROR &&
           !PQresultErrorField(result, PG_DIAG_SQLSTATE);
}

/* The one result of an extended query, with the protocol brought back to idle. */
static enum pg_status single_result(struct co_context *context, struct pg *pg, PGresult **only)
{
    PGresult *result;
    *only = NULL;
    /* Read on to the end even if only the last one counts: else the next call would see the
     * rest. */
    for (;;) {
        if (!pg_next(context, pg, &result)) {
            PQclear(*only);
            *only = NULL;
            return pg_lose(pg);
        }
        if (!result)
            break;
        PQclear(*only);
        *only = result;
        if (is_lost_by(result))
            break;
    }
    ExecStatusType status = PQresultStatus(*only);
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)
        return PG_OK;
    enum pg_status failure = pg_note_error(pg, *only);
    PQclear(*only);
    *only = NULL;
    return failure;
}

static unsigned count_parameters(const struct pg_statement *statement)
{
    return statement->parameters & ~(unsigned)PG_BINARY;
}

/* Its number among those that are prepared; prepared_count: it is not. */
static size_t find_prepared(const struct pg *pg, const char *sql)
{
    size_t i = 0;
    while (i < pg->prepared_count && strcmp(pg->prepared[i], sql) != 0)
        i++;
    return i;
}

static enum pg_status prepare(struct co_context *context, struct pg *pg,
    const struct pg_statement *statement, const char *name)
{
    PGresult *result;
    char *text = strdup(statement->sql);
    if (!text) {
        pg_note(pg, "out of memory");
        pg->lost = true;
        return PG_LOST;
    }
    pg->prepared[pg->prepared_count] = text; /* it counts, and is pg_close()'s, when it is there */
    enum pg_status status = PG_LOST;
    if (!PQsendPrepare(pg->conn, name, text, (int)count_parameters(statement), NULL) ||
        !pg_flush(context, pg))
        status = pg_lose(pg);
    else
        status = single_result(context, pg, &result);
    if (status == PG_OK) {
        PQclear(result);
        pg->prepared_count++;
    } else {
        free(text);
    }
    return status;
}

/* Send it: by its name, or whole if no more names are to be had. PG_OK: its result will come. */
static enum pg_status send(struct co_context *context, struct pg *pg,
    const struct pg_statement *statement, const char *const *values)
{
    char name[16];
    int parameters = (int)count_parameters(statement);
    int format = (statement->parameters & PG_BINARY) != 0;
    size_t number = pg->pins ? PG_PREPARED : find_prepared(pg, statement->sql);
    bool sent;
    snprintf(name, sizeof name, "s%zu", number);
    if (number == PG_PREPARED) {
        sent = PQsendQueryParams(
            pg->conn, statement->sql, parameters, NULL, values, NULL, NULL, format);
    } else {
        enum pg_status status =
            number < pg->prepared_count ? PG_OK : prepare(context, pg, statement, name);
        if (status != PG_OK)
            return status;
        sent = PQsendQueryPrepared(pg->conn, name, parameters, values, NULL, NULL, format);
    }
    return sent && pg_flush(context, pg) ? PG_OK : pg_lose(pg);
}

/* Rows are wanted. A libpq before 15 that had no memory for them, nor for saying so, calls the
 * command done when it has some again: that must not pass for "there are none". */
static enum pg_status demand_rows(struct pg *pg, PGresult **rows)
{
    if (PQresultStatus(*rows) == PGRES_TUPLES_OK)
        return PG_OK;
    PQclear(*rows);
    *rows = NULL;
    pg_note(pg, "the answer of the database came without its rows");
    pg->lost = true;
    return PG_LOST;
}

static enum pg_status run_it(struct co_context *context, struct pg *pg,
    const struct pg_statement *statement, const char *const *values, PGresult **rows)
{
    if (!pg_begin(pg))
        return PG_LOST;
    enum pg_status status = send(context, pg, statement, values);
    if (status == PG_OK)
        status = single_result(context, pg, rows);
    return status == PG_OK && pg->warned ? pg_doubt(pg) : status;
}

enum pg_status pg_run(struct co_context *context, struct pg *pg,
    const struct pg_statement *statement, const char *const *values, struct pg_result **result)
{
    PGresult *rows = NULL;
    enum pg_status status;
    co_ensure(count_parameters(statement) <= PG_PARAMETERS);

    /* Behind a pooler it needs a transaction, whose end belongs to its outcome. */
    bool framed = pg_open_frame(context, pg, &status);
    if (status == PG_OK)
        status = run_it(context, pg, statement, values, &rows);
    if (framed)
        status = pg_close_frame(context, pg, status);
    if (status == PG_OK && result)
        status = demand_rows(pg, &rows);
    if (status != PG_OK || !result) {
        PQclear(rows);
        rows = NULL;
    }
    if (result)
        *result = (struct pg_result *)rows;
    return status;
}

/* ---- values -------------------------------------------------------------------------------- */

size_t pg_rows(const struct pg_result *result)
{
    return (size_t)PQntuples((const PGresult *)result);
}

bool pg_is_null(const struct pg_result *result, size_t row, int column)
{
    return PQgetisnull((const PGresult *)result, (int)row, column);
}

const char *pg_text(const struct pg_result *result, size_t row, int column)
{
    return PQgetvalue((const PGresult *)result, (int)row, column);
}

size_t pg_length(const struct pg_result *result, size_t row, int column)
{
    return (size_t)PQgetlength((const PGresult *)result, (int)row, column);
}

int64_t pg_number(const struct pg_result *result, size_t row, int column)
{
    return strtoll(pg_text(result, row, column), NULL, 10);
}

void pg_row(const struct pg_result *result, size_t index, bool *wrong, struct row *row)
{
    const PGresult *rows = (const PGresult *)result;
    int columns = PQnfields(rows), at = (int)index;
    co_ensure(columns <= ROW_COLUMNS && PQbinaryTuples(rows)); /* our own statements */
    *row = (struct row){.columns = (unsigned)columns, .wrong = wrong};
    for (int i = 0; i < columns; i++) {
        row->fields[i].bytes = PQgetvalue(rows, at, i);
        row->fields[i].size = PQgetisnull(rows, at, i) ? -1 : PQgetlength(rows, at, i);
    }
}

void pg_free(struct pg_result **result)
{
    PQclear((PGresult *)*result);
    *result = NULL;
}
