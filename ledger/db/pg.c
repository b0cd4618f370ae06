/* SPDX-License-Identifier: MIT */
/*
 * Statements on a connection, and their rows. Only the files of pg speak libpq. A PGresult travels
 * as struct pg_result, which is never defined.
 *
 * libpq reads its socket once for each call, so readiness is level-triggered (poller.h), and after
 * PQconnectPoll the socket may be another one: it is asked for anew each time.
 */
#include <linux/sockios.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/poller.h"
#include "ledger/db/pg_private.h"

/* ---- failures ------------------------------------------------------------------------------ */

void pg_note(struct pg *pg, const char *message)
{
    snprintf(
        pg->message, sizeof pg->message, "%s", message && *message ? message : "no reason given");
    pg->message[strcspn(pg->message, "\n")] = '\0';
}

enum pg_status pg_lose(struct pg *pg)
{
    if (!pg->lost)
        pg_note(pg, PQerrorMessage(pg->conn));
    pg->lost = true;
    return PG_LOST;
}

enum pg_status pg_doubt(struct pg *pg)
{
    char warning[sizeof pg->message];
    snprintf(warning, sizeof warning, "%s", pg->message);
    snprintf(pg->message, sizeof pg->message, "the database warned: %.200s", warning);
    pg->lost = true;
    return PG_LOST;
}

const char *pg_sqlstate(const struct pg *pg)
{
    return pg->sqlstate;
}

const char *pg_message(const struct pg *pg)
{
    return pg->message;
}

bool pg_is_lost(const struct pg *pg)
{
    return pg->lost;
}

bool pg_is_silent(const struct pg *pg)
{
    return pg->silent;
}

/* ---- waiting ------------------------------------------------------------------------------- */

void pg_bound(struct pg *pg, int64_t silence_ns)
{
    pg->silence_ns = silence_ns;
}

bool pg_begin(struct pg *pg)
{
    pg->warned = false;
    pg->sending_ns = 0;
    pg->queued = 0;
    pg->began_ns = pg->moved_ns = clock_now_ns();
    if (!pg->lost && pg->newest && atomic_load(pg->newest) > pg->timeline) {
        pg_note(pg, "the database goes on elsewhere: a standby was promoted");
        pg->lost = true;
    }
    return !pg->lost;
}

/* Has the context ended? Then the connection is good for nothing more. */
static bool is_over(struct context *context, struct pg *pg)
{
    if (context_err(context) == CONTEXT_OK)
        return false;
    pg_note(pg, "the wait for the database was ended");
    return pg->lost = true;
}

/* Note whether the kernel has got rid of something since: on a slow link it has megabytes to send
 * when libpq has none. Who took long to be sent something may take as long to answer. */
static void look_for_progress(struct pg *pg)
{
    int queued = 0;
    if (ioctl(PQsocket(pg->conn), SIOCOUTQ, &queued) != 0 || queued == pg->queued)
        return;
    pg->queued = queued;
    pg->moved_ns = clock_now_ns();
    pg->sending_ns = pg->moved_ns - pg->began_ns;
}

static bool falls_silent(struct pg *pg)
{
    if (pg->silence_ns == 0)
        return false;
    look_for_progress(pg);
    if (clock_now_ns() - pg->moved_ns < pg->silence_ns + pg->sending_ns)
        return false;
    snprintf(pg->message, sizeof pg->message, "the database has not answered for %lld s",
        (long long)((clock_now_ns() - pg->moved_ns) / CLOCK_S));
    return pg->lost = pg->silent = true;
}

/* How long to wait before looking up, which is not later than when it falls silent. */
static int64_t turn_ns(const struct pg *pg)
{
    enum { LOOK_AGAIN_MS = 500 };
    int64_t turn_ns = LOOK_AGAIN_MS * CLOCK_MS;
    int64_t left_ns = pg->moved_ns + pg->silence_ns + pg->sending_ns - clock_now_ns();
    if (pg->silence_ns && left_ns < turn_ns)
        turn_ns = left_ns > CLOCK_MS ? left_ns : CLOCK_MS;
    return turn_ns;
}

/* It looks up now and then: for progress, and because a libpq that is short of memory takes a whole
 * message for a part of one, and must look again though no more bytes will come. */
bool pg_wait(struct context *context, struct pg *pg, unsigned events)
{
    struct context *turn = context_with_timeout(context, turn_ns(pg));
    enum poller_status status = POLLER_CANCELLED;
    if (turn) {
        status = poller_wait(turn, PQsocket(pg->conn), events);
        context_release(&turn);
    } else {
        co_sleep(CLOCK_MS);
    }
    if (status == POLLER_READY) {
        if (events == POLLER_READ)
            pg->moved_ns = clock_now_ns();
        return true;
    }
    return status == POLLER_CANCELLED && !is_over(context, pg) && !falls_silent(pg);
}

bool pg_flush(struct context *context, struct pg *pg)
{
    int left;
    while ((left = PQflush(pg->conn)) == 1)
        if (falls_silent(pg) || !pg_wait(context, pg, POLLER_READ | POLLER_WRITE) ||
            !PQconsumeInput(pg->conn))
            return false;
    return left == 0;
}

bool pg_next(struct context *context, struct pg *pg, PGresult **result)
{
    while (PQisBusy(pg->conn))
        if (!pg_wait(context, pg, POLLER_READ) || !PQconsumeInput(pg->conn))
            return false;
    *result = PQgetResult(pg->conn);
    return PQstatus(pg->conn) == CONNECTION_OK || *result != NULL;
}

/* ---- results ------------------------------------------------------------------------------- */

enum pg_status pg_note_error(struct pg *pg, const PGresult *result)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    pg_note(pg, PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
    snprintf(pg->sqlstate, sizeof pg->sqlstate, "%s", state ? state : "");
    if (!state || PQstatus(pg->conn) != CONNECTION_OK) {
        if (!state)
            pg_note(pg, PQresultErrorMessage(result));
        pg->lost = true;
        return PG_LOST;
    }
    return PG_ERROR;
}

/* An error without a code is libpq's own, and the connection's end. */
static bool is_lost_by(const PGresult *result)
{
    return PQresultStatus(result) == PGRES_FATAL_ERROR &&
           !PQresultErrorField(result, PG_DIAG_SQLSTATE);
}

/* The one result of an extended query, with the protocol brought back to idle. */
static enum pg_status single_result(struct context *context, struct pg *pg, PGresult **only)
{
    PGresult *result;
    *only = NULL;
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

/* Its number among those that are prepared; prepared_count: it is not. */
static size_t find_prepared(const struct pg *pg, const char *sql)
{
    size_t i = 0;
    while (i < pg->prepared_count && strcmp(pg->prepared[i], sql) != 0)
        i++;
    return i;
}

static enum pg_status prepare(
    struct context *context, struct pg *pg, const struct pg_statement *statement, const char *name)
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
    if (!PQsendPrepare(pg->conn, name, text, (int)statement->parameters, NULL) ||
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
static enum pg_status send(struct context *context, struct pg *pg,
    const struct pg_statement *statement, const char *const *values)
{
    char name[16];
    int parameters = (int)statement->parameters;
    size_t number = pg->pins ? PG_PREPARED : find_prepared(pg, statement->sql);
    bool sent;
    snprintf(name, sizeof name, "s%zu", number);
    if (number == PG_PREPARED) {
        sent = PQsendQueryParams(pg->conn, statement->sql, parameters, NULL, values, NULL, NULL, 0);
    } else {
        enum pg_status status =
            number < pg->prepared_count ? PG_OK : prepare(context, pg, statement, name);
        if (status != PG_OK)
            return status;
        sent = PQsendQueryPrepared(pg->conn, name, parameters, values, NULL, NULL, 0);
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

static enum pg_status run_it(struct context *context, struct pg *pg,
    const struct pg_statement *statement, const char *const *values, PGresult **rows)
{
    if (!pg_begin(pg))
        return PG_LOST;
    enum pg_status status = send(context, pg, statement, values);
    if (status == PG_OK)
        status = single_result(context, pg, rows);
    return status == PG_OK && pg->warned ? pg_doubt(pg) : status;
}

enum pg_status pg_run(struct context *context, struct pg *pg, const struct pg_statement *statement,
    const char *const *values, struct pg_result **result)
{
    PGresult *rows = NULL;
    enum pg_status status;
    ensure(statement->parameters <= PG_PARAMETERS);
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

void pg_free(struct pg_result **result)
{
    PQclear((PGresult *)*result);
    *result = NULL;
}
