/* SPDX-License-Identifier: MIT */
/*
 * The only file that speaks libpq. A PGresult travels as struct pg_result, which is never defined.
 *
 * libpq reads its socket once for each call, so readiness is level-triggered (poller.h), and after
 * PQconnectPoll the socket may be another one: it is asked for anew each time.
 */
#include "ledger/pg.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/poller.h"
#include "ledger/failpoint.h"
#include "ledger/row.h"

struct pg {
    PGconn *conn;
    bool lost;
    uint32_t prepared; /* a bit for each slot */
    char sqlstate[6];
    char message[300];
};

_Static_assert(PG_SLOTS <= 32, "a bit for each slot");

/* ---- failures ------------------------------------------------------------------------------ */

static void note_message(struct pg *pg, const char *message)
{
    snprintf(
        pg->message, sizeof pg->message, "%s", message && *message ? message : "no reason given");
    pg->message[strcspn(pg->message, "\n")] = '\0';
}

static enum pg_status lose(struct pg *pg)
{
    if (!pg->lost)
        note_message(pg, PQerrorMessage(pg->conn));
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

/* ---- waiting ------------------------------------------------------------------------------- */

/* Has the context ended? Then the connection is good for nothing more. */
static bool is_over(struct context *context, struct pg *pg)
{
    if (context_err(context) == CONTEXT_OK)
        return false;
    note_message(pg, "the wait for the database was ended");
    return pg->lost = true;
}

static bool wait_for(struct context *context, struct pg *pg, unsigned events)
{
    if (poller_wait(context, PQsocket(pg->conn), events) == POLLER_READY)
        return true;
    (void)is_over(context, pg);
    return false;
}

/* Wait for an answer's bytes, and for some time only: when memory is short libpq takes a whole
 * message for a part of one, and must look again though no more bytes will come. */
static bool wait_for_answer(struct context *context, struct pg *pg)
{
    enum { LOOK_AGAIN_MS = 1000 };
    struct context *turn = context_with_timeout(context, LOOK_AGAIN_MS * CLOCK_MS);
    enum poller_status status = POLLER_CANCELLED;
    if (turn) {
        status = poller_wait(turn, PQsocket(pg->conn), POLLER_READ);
        context_release(&turn);
    } else {
        co_sleep(CLOCK_MS);
    }
    return status == POLLER_READY || (status == POLLER_CANCELLED && !is_over(context, pg));
}

/* Send all that libpq has buffered. While that lasts the server may be sending too. */
static bool flush(struct context *context, struct pg *pg)
{
    int left;
    while ((left = PQflush(pg->conn)) == 1)
        if (!wait_for(context, pg, POLLER_READ | POLLER_WRITE) || !PQconsumeInput(pg->conn))
            return false;
    return left == 0;
}

/* The next result; *none when there are no more. False: the connection is lost. */
static bool next_result(struct context *context, struct pg *pg, PGresult **result)
{
    while (PQisBusy(pg->conn))
        if (!wait_for_answer(context, pg) || !PQconsumeInput(pg->conn))
            return false;
    *result = PQgetResult(pg->conn);
    return PQstatus(pg->conn) == CONNECTION_OK || *result != NULL;
}

/* ---- results ------------------------------------------------------------------------------- */

static enum pg_status note_error(struct pg *pg, const PGresult *result)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    note_message(pg, PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
    snprintf(pg->sqlstate, sizeof pg->sqlstate, "%s", state ? state : "");
    if (!state || PQstatus(pg->conn) != CONNECTION_OK) {
        if (!state)
            note_message(pg, PQresultErrorMessage(result));
        pg->lost = true;
        return PG_LOST;
    }
    return PG_ERROR;
}

/* Take in one result of a text of statements: feed a COPY, remember an error or the COMMIT. */
struct load {
    const struct pg_data *data;
    size_t count, fed;
    bool committed;
    enum pg_status status;
};

/* In pieces that are sent one after the other: libpq copies what it is given, and a message of more
 * than 1 GiB is never taken. */
static bool feed_copy(struct context *context, struct pg *pg, struct load *load)
{
    enum { PIECE = 256 << 10 };
    ensure(load->fed < load->count);
    const struct pg_data *data = &load->data[load->fed++];
    if (failpoint(load->fed < load->count ? "batch.copy" : "commit.before"))
        return false;
    for (size_t at = 0; at < data->size; at += PIECE) {
        size_t size = data->size - at < PIECE ? data->size - at : PIECE;
        if (PQputCopyData(pg->conn, data->bytes + at, (int)size) != 1 || !flush(context, pg))
            return false;
    }
    return PQputCopyEnd(pg->conn, NULL) == 1 && flush(context, pg);
}

static bool take_result(struct context *context, struct pg *pg, struct load *load, PGresult *result)
{
    switch (PQresultStatus(result)) {
    case PGRES_COPY_IN:
        return feed_copy(context, pg, load) && !failpoint("batch.fed");
    case PGRES_COMMAND_OK:
        load->committed = strcmp(PQcmdStatus(result), "COMMIT") == 0;
        return true;
    case PGRES_TUPLES_OK:
        return true;
    default:
        load->status = note_error(pg, result);
        return load->status != PG_LOST;
    }
}

enum pg_status pg_load(struct context *context, struct pg *pg, const char *sql,
    const struct pg_data *data, size_t count, bool *committed)
{
    struct load load = {.data = data, .count = count, .status = PG_OK};
    *committed = false;
    if (pg->lost || !PQsendQuery(pg->conn, sql) || !flush(context, pg))
        return lose(pg);
    for (;;) {
        PGresult *result;
        if (!next_result(context, pg, &result))
            return lose(pg);
        if (!result)
            break;
        bool good = take_result(context, pg, &load, result);
        PQclear(result);
        if (!good)
            return lose(pg);
    }
    *committed = load.status == PG_OK && load.committed;
    return load.status;
}

enum pg_status pg_script(struct context *context, struct pg *pg, const char *sql)
{
    bool committed;
    return pg_load(context, pg, sql, NULL, 0, &committed);
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
        if (!next_result(context, pg, &result)) {
            PQclear(*only);
            *only = NULL;
            return lose(pg);
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
    enum pg_status failure = note_error(pg, *only);
    PQclear(*only);
    *only = NULL;
    return failure;
}

static enum pg_status prepare(
    struct context *context, struct pg *pg, const struct pg_statement *statement, const char *name)
{
    PGresult *result;
    if (!PQsendPrepare(pg->conn, name, statement->sql, (int)statement->parameters, NULL) ||
        !flush(context, pg))
        return lose(pg);
    enum pg_status status = single_result(context, pg, &result);
    PQclear(result);
    if (status == PG_OK)
        pg->prepared |= UINT32_C(1) << statement->slot;
    return status;
}

/* Rows are wanted. A libpq before 15 that had no memory for them, nor for saying so, calls the
 * command done when it has some again: that must not pass for "there are none". */
static enum pg_status demand_rows(struct pg *pg, PGresult **rows)
{
    if (PQresultStatus(*rows) == PGRES_TUPLES_OK)
        return PG_OK;
    PQclear(*rows);
    *rows = NULL;
    note_message(pg, "the answer of the database came without its rows");
    pg->lost = true;
    return PG_LOST;
}

enum pg_status pg_run(struct context *context, struct pg *pg, const struct pg_statement *statement,
    const char *const *values, struct pg_result **result)
{
    char name[16];
    PGresult *rows = NULL;
    ensure(statement->slot < PG_SLOTS && statement->parameters <= PG_PARAMETERS);
    snprintf(name, sizeof name, "s%u", statement->slot);
    if (pg->lost)
        return PG_LOST;
    if (!(pg->prepared >> statement->slot & 1)) {
        enum pg_status status = prepare(context, pg, statement, name);
        if (status != PG_OK)
            return status;
    }
    if (!PQsendQueryPrepared(pg->conn, name, (int)statement->parameters, values, NULL, NULL, 0) ||
        !flush(context, pg))
        return lose(pg);
    enum pg_status status = single_result(context, pg, &rows);
    if (status == PG_OK && result)
        status = demand_rows(pg, &rows);
    if (result)
        *result = (struct pg_result *)rows;
    else
        PQclear(rows);
    return status;
}

enum pg_status pg_each(struct context *context, struct pg *pg, const char *sql, const char *value,
    bool (*row)(const struct pg_result *result, void *arg), void *arg)
{
    enum pg_status status = PG_OK;
    if (pg->lost || !PQsendQueryParams(pg->conn, sql, 1, NULL, &value, NULL, NULL, 0) ||
        !PQsetSingleRowMode(pg->conn) || !flush(context, pg))
        return lose(pg);
    for (;;) {
        PGresult *result;
        if (!next_result(context, pg, &result))
            return lose(pg);
        if (!result)
            return status;
        ExecStatusType kind = PQresultStatus(result);
        if (kind == PGRES_SINGLE_TUPLE && !row((const struct pg_result *)result, arg)) {
            PQclear(result);
            note_message(pg, "stopped by the reader of its rows");
            pg->lost = true;
            return PG_LOST;
        }
        if (kind != PGRES_SINGLE_TUPLE && kind != PGRES_TUPLES_OK)
            status = note_error(pg, result);
        PQclear(result);
        if (status == PG_LOST)
            return status;
    }
}

/* ---- COPY TO ------------------------------------------------------------------------------- */

/* The next piece of a COPY that runs; *size 0: there is none. False: the connection is lost, or
 * memory is short: then libpq would offer the same piece again and again. */
static bool next_piece(struct context *context, struct pg *pg, char **piece, size_t *size)
{
    enum { PIECE_FAILED = -2 };
    bool read_already = false;
    int got;
    while ((got = PQgetCopyData(pg->conn, piece, 1)) == 0) {
        if (read_already && !wait_for(context, pg, POLLER_READ))
            return false;
        if (!PQconsumeInput(pg->conn))
            return false;
        read_already = true;
    }
    *size = got > 0 ? (size_t)got : 0;
    return got != PIECE_FAILED; /* -1: it ended, or broke off, which the next result tells */
}

static enum pg_status read_pieces(struct context *context, struct pg *pg, struct row_stream *stream)
{
    enum { TURN = 1024 }; /* a server that is ahead of us must not keep the worker for us alone */
    char *piece;
    size_t size;
    for (unsigned pieces = 1;; pieces++) {
        if (!next_piece(context, pg, &piece, &size))
            return lose(pg);
        if (size == 0)
            return PG_OK;
        bool good = row_stream_feed(stream, piece, size);
        PQfreemem(piece);
        if (!good) {
            note_message(pg, "stopped by the reader of its rows");
            pg->lost = true;
            return PG_LOST;
        }
        if (pieces % TURN == 0)
            co_yield();
    }
}

enum pg_status pg_unload(struct context *context, struct pg *pg, const char *sql,
    bool (*take)(const struct row *row, void *arg), void *arg)
{
    struct row_stream stream = {.take = take, .arg = arg};
    enum pg_status status = PG_OK;
    if (pg->lost || !PQsendQuery(pg->conn, sql) || !flush(context, pg))
        return lose(pg);
    for (;;) {
        PGresult *result = NULL;
        if (!next_result(context, pg, &result))
            status = lose(pg);
        else if (!result)
            break;
        else if (PQresultStatus(result) == PGRES_COPY_OUT)
            status = read_pieces(context, pg, &stream);
        else if (PQresultStatus(result) != PGRES_COMMAND_OK)
            status = note_error(pg, result);
        PQclear(result);
        if (status == PG_LOST)
            break;
    }
    ensure(status != PG_OK || stream.ended);
    row_stream_free(&stream);
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

/* ---- connecting ---------------------------------------------------------------------------- */

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

static void ignore_notice(void *arg, const PGresult *result)
{
    (void)arg, (void)result;
}

/* What every session of ours holds to, whatever the server's defaults are. */
static enum pg_status pin_session(struct context *context, struct pg *pg, const char *role)
{
    enum pg_status status = pg_script(context, pg,
        "SET search_path = teller; SET synchronous_commit = on; SET timezone = 'UTC';"
        "SET datestyle = ISO; SET bytea_output = hex; SET jit = off;"
        "SET idle_in_transaction_session_timeout = '60s'");
    if (status != PG_OK || !role)
        return status;
    static const struct pg_statement set_role = {PG_SLOTS - 1, 1,
        "SELECT set_config('role', rolname, false) FROM pg_roles"
        " WHERE rolname = $1 AND pg_has_role(current_user, oid, 'MEMBER')"};
    return pg_run(context, pg, &set_role, &role, NULL);
}

struct pg *pg_connect(
    struct context *context, const char *conninfo, const char *role, char *error, size_t error_size)
{
    struct pg *pg = calloc(1, sizeof *pg);
    if (!pg || !(pg->conn = PQconnectStart(conninfo))) {
        snprintf(error, error_size, "out of memory");
        free(pg);
        return NULL;
    }
    PQsetNoticeReceiver(pg->conn, ignore_notice, NULL);
    if (PQstatus(pg->conn) != CONNECTION_BAD && handshake(context, pg->conn) &&
        PQsetnonblocking(pg->conn, 1) == 0 && pin_session(context, pg, role) == PG_OK)
        return pg;
    const char *reason = *pg->message ? pg->message : PQerrorMessage(pg->conn);
    snprintf(error, error_size, "%s", *reason ? reason : "no answer in time");
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
    free(*pg);
    *pg = NULL;
}
