/* SPDX-License-Identifier: MIT */
/* Texts of statements, with COPY in either direction. */
#include <stdlib.h>
#include <string.h>

#include "coro/co.h"
#include "coro/poller.h"
#include "ledger/failpoint.h"
#include "ledger/db/pg_private.h"
#include "ledger/db/row.h"

/* ---- COPY FROM ----------------------------------------------------------------------------- */

/* Take in one result of a text of statements: feed a COPY, remember an error or the COMMIT. */
struct load {
    const struct pg_data *data;
    size_t count, fed;
    bool committed;
    enum pg_status status;
};

/* In pieces that are sent one after the other: libpq copies what it is given, and a message of more
 * than 1 GiB is never taken. */
static bool feed_copy(struct co_context *context, struct pg *pg, struct load *load)
{
    enum { PIECE = 256 << 10 };
    co_ensure(load->fed < load->count);
    const struct pg_data *data = &load->data[load->fed++];
    if (failpoint(load->fed < load->count ? "batch.copy" : "commit.before"))
        return false;
    for (size_t at = 0; at < data->size; at += PIECE) {
        size_t size = data->size - at < PIECE ? data->size - at : PIECE;
        if (PQputCopyData(pg->conn, data->bytes + at, (int)size) != 1 || !pg_flush(context, pg))
            return false;
    }
    return PQputCopyEnd(pg->conn, NULL) == 1 && pg_flush(context, pg);
}

static bool take_result(
    struct co_context *context, struct pg *pg, struct load *load, PGresult *result)
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
        load->status = pg_note_error(pg, result);
        return load->status != PG_LOST;
    }
}

enum pg_status pg_load(struct co_context *context, struct pg *pg, const char *sql,
    const struct pg_data *data, size_t count, bool *committed)
{
    struct load load = {.data = data, .count = count, .status = PG_OK};
    *committed = false;
    if (!pg_begin(pg) || !pg_send_text(pg, sql) || !pg_flush(context, pg))
        return pg_lose(pg);
    for (;;) {
        PGresult *result;
        if (!pg_next(context, pg, &result))
            return pg_lose(pg);
        if (!result)
            break;
        bool good = take_result(context, pg, &load, result);
        PQclear(result);
        if (!good)
            return pg_lose(pg);
    }

    /* A warning may say that the wait for a standby was cut short. */
    if (load.status == PG_OK && pg->warned)
        return pg_doubt(pg);
    *committed = load.status == PG_OK && load.committed;
    return load.status;
}

enum pg_status pg_script(struct co_context *context, struct pg *pg, const char *sql)
{
    bool committed;
    return pg_load(context, pg, sql, NULL, 0, &committed);
}

/* ---- COPY TO ------------------------------------------------------------------------------- */

/* The next piece of a COPY that runs; *size 0: there is none. False: the connection is lost, or
 * memory is short: then libpq would offer the same piece again and again. */
static bool next_piece(struct co_context *context, struct pg *pg, char **piece, size_t *size)
{
    enum { PIECE_FAILED = -2 };
    bool read_already = false;
    int got;
    while ((got = PQgetCopyData(pg->conn, piece, 1)) == 0) {
        if (read_already && !pg_wait(context, pg, CO_POLLER_READ))
            return false;
        if (!PQconsumeInput(pg->conn))
            return false;
        read_already = true;
    }
    *size = got > 0 ? (size_t)got : 0;
    return got != PIECE_FAILED; /* -1: it ended, or broke off, which the next result tells */
}

static enum pg_status read_pieces(
    struct co_context *context, struct pg *pg, struct row_stream *stream)
{
    enum { TURN = 1024 }; /* a server that is ahead of us must not keep this worker for itself */
    char *piece;
    size_t size;
    for (unsigned pieces = 1;; pieces++) {
        if (!next_piece(context, pg, &piece, &size))
            return pg_lose(pg);
        if (size == 0)
            return PG_OK;
        bool good = row_stream_feed(stream, piece, size);
        PQfreemem(piece);
        if (!good) {
            pg_note(pg, stream->wrong ? "a value is stored that could not have been written"
                                      : "stopped by the reader of its rows");
            pg->lost = true;
            return PG_LOST;
        }
        if (pieces % TURN == 0)
            co_yield();
    }
}

/* The COPYs of a text, as their results come in. */
struct unload {
    const struct pg_taker *takers;
    size_t count, begun;
    bool broken; /* one came without its trailer */
    enum pg_status status;
};

static void unload_next(struct co_context *context, struct pg *pg, struct unload *unload)
{
    co_ensure(unload->begun < unload->count);
    const struct pg_taker *taker = &unload->takers[unload->begun++];
    struct row_stream stream = {.take = taker->take, .arg = taker->arg};
    unload->status = read_pieces(context, pg, &stream);
    unload->broken = unload->broken || !stream.ended;
    row_stream_free(&stream);
}

enum pg_status pg_unload_each(struct co_context *context, struct pg *pg, const char *sql,
    const struct pg_taker *takers, size_t count)
{
    struct unload unload = {.takers = takers, .count = count, .status = PG_OK};
    if (!pg_begin(pg) || !pg_send_text(pg, sql) || !pg_flush(context, pg))
        return pg_lose(pg);
    while (unload.status != PG_LOST) {
        PGresult *result = NULL;
        if (!pg_next(context, pg, &result))
            unload.status = pg_lose(pg);
        else if (!result)
            break;
        else if (PQresultStatus(result) == PGRES_COPY_OUT)
            unload_next(context, pg, &unload);
        else if (PQresultStatus(result) != PGRES_COMMAND_OK)
            unload.status = pg_note_error(pg, result);
        PQclear(result);
    }

    /* A COPY that ended well but without its trailer has lost rows. */
    if (unload.status == PG_OK && (unload.broken || unload.begun < count)) {
        pg_note(pg, "the rows broke off");
        pg->lost = true;
        unload.status = PG_LOST;
    }
    return unload.status;
}

enum pg_status pg_unload(struct co_context *context, struct pg *pg, const char *sql,
    bool (*take)(const struct row *row, void *arg), void *arg)
{
    const struct pg_taker taker = {take, arg};
    return pg_unload_each(context, pg, sql, &taker, 1);
}
