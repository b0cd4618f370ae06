/* SPDX-License-Identifier: MIT */
/*
 * Rows in PostgreSQL's binary COPY format as they come from the server: the mirror of copy.h. (The
 * rows of a statement can be had in the same form: pg_row().) A row points into the bytes that it
 * was read from and is valid as long as they are. Someone may have altered what is stored: a value
 * that could not have been written here is read as 0, and *wrong tells. Not thread-safe; never
 * parks.
 */
#ifndef LEDGER_DB_ROW_H
#define LEDGER_DB_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coro/ensure.h"
#include "ledger/domain/money.h"

enum { ROW_COLUMNS = 32 };

struct row {
    const char *bytes; /* the row as it was sent, with its count of columns */
    size_t size;
    unsigned columns;
    bool *wrong; /* set when a requested value is wrong; NULL: nobody wants to know */
    struct {
        const char *bytes;
        int32_t size; /* -1: null */
    } fields[ROW_COLUMNS];
};

/* Read the row that begins at `bytes`: its size; 0: not all of it is there yet; ROW_BROKEN: it is
 * not a row. */
#define ROW_BROKEN SIZE_MAX
CO_MUST_CHECK size_t row_read(struct row *row, const char *bytes, size_t size);

/*
 * For rows that somebody may have altered: is every value one that could have been written here?
 * `types` says what each column is: b bigint (not negative), m money (not NaN), t time (not
 * infinity), - any other; B, M and T are the same and never null, unless `types` begins with "?":
 * then every column may be null, as where an outer join found nothing.
 */
CO_MUST_CHECK bool row_is_plain(const struct row *row, const char *types);

/* For all but row_is_null(), row_text() and row_bytes() a null is wrong. */
bool row_is_null(const struct row *row, unsigned column);
bool row_bool(const struct row *row, unsigned column);
int row_smallint(const struct row *row, unsigned column);
int32_t row_int(const struct row *row, unsigned column);
uint64_t row_bigint(const struct row *row, unsigned column); /* up to 2^63 - 1 */
int64_t row_time(const struct row *row, unsigned column);    /* us since 1970 UTC */
money row_money(const struct row *row, unsigned column);     /* numeric(38, 0) */

/* The text or bytea and its length, not terminated. Null: NULL. */
const char *row_bytes(const struct row *row, unsigned column, size_t *size);

/* Copy a text with its end; false: it is null, or longer than `size` - 1. */
CO_MUST_CHECK bool row_text(const struct row *row, unsigned column, char *text, size_t size);

/*
 * The whole of what COPY TO sends, in pieces that may end anywhere: header, rows, trailer.
 * row_stream_feed() hands over each row that is complete, and keeps the rest.
 */
struct row_stream {
    bool (*take)(const struct row *row, void *arg); /* false: stop */
    void *arg;
    bool begun, ended; /* the header, the trailer was seen */
    bool wrong;        /* it ended because of a value, or a row, that is wrong */
    char *kept;
    size_t kept_size, room;
};

/* False: stopped by take(), or by what is wrong, or memory is short. */
CO_MUST_CHECK bool row_stream_feed(struct row_stream *stream, const char *bytes, size_t size);
void row_stream_free(struct row_stream *stream);

#endif
