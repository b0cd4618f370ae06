/* SPDX-License-Identifier: MIT */
/*
 * Rows in PostgreSQL's binary COPY format, built in a buffer that is reused. The format is that of
 * the manual, "COPY", section "Binary Format". Not thread-safe; never parks.
 *
 * A shortage of memory is noted, not reported each time: copy_finish() tells.
 */
#ifndef LEDGER_DB_COPY_H
#define LEDGER_DB_COPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coro/ensure.h"
#include "ledger/domain/money.h"

struct copy {
    char *bytes;
    size_t size, room;
    size_t rows;
    bool short_of_memory;
};

void copy_start(struct copy *copy); /* forget the rows before, keep the buffer up to 8 MiB of it */
void copy_row(struct copy *copy, int columns);
void copy_null(struct copy *copy);
void copy_smallint(struct copy *copy, int value);
void copy_int(struct copy *copy, int32_t value);
void copy_bigint(struct copy *copy, uint64_t value); /* up to 2^63 - 1 */
void copy_time(struct copy *copy, int64_t us);       /* timestamptz, from us since 1970 UTC */
void copy_bytes(struct copy *copy, const void *bytes, size_t size);
void copy_text(struct copy *copy, const char *text); /* NULL: null; also for json */
void copy_money(struct copy *copy, money value);     /* numeric(38, 0) */
void copy_fields(
    struct copy *copy, const struct copy *of, size_t at); /* of another, from there on */
CO_MUST_CHECK bool copy_finish(struct copy *copy);        /* false: memory was short, start again */
const char *copy_rows(const struct copy *copy, size_t *size); /* of a finished one: without frame */
void copy_free(struct copy *copy);

#endif
