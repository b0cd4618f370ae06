/* SPDX-License-Identifier: MIT */
#include "ledger/db/row.h"

#include <ctype.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

/* From the Unix epoch to PostgreSQL's, 2000-01-01. */
static const int64_t epoch_us = INT64_C(946684800000000);

static uint16_t word_at(const char *bytes)
{
    uint16_t wire;
    memcpy(&wire, bytes, sizeof wire);
    return be16toh(wire);
}

static uint32_t int_at(const char *bytes)
{
    uint32_t wire;
    memcpy(&wire, bytes, sizeof wire);
    return be32toh(wire);
}

/* ---- a row --------------------------------------------------------------------------------- */

size_t row_read(struct row *row, const char *bytes, size_t size)
{
    size_t used = 2;
    if (size < used)
        return 0;
    row->bytes = bytes;
    row->wrong = NULL;
    row->columns = word_at(bytes);
    if (row->columns > ROW_COLUMNS)
        return ROW_BROKEN;

    /* Each field is a length and that many bytes; -1 is null and has none. */
    for (unsigned i = 0; i < row->columns; i++) {
        if (size - used < 4)
            return 0;
        int32_t length = (int32_t)int_at(bytes + used);
        used += 4;
        if (length < -1)
            return ROW_BROKEN;
        row->fields[i].bytes = bytes + used;
        row->fields[i].size = length;
        if (length < 0)
            continue;
        if (size - used < (size_t)length)
            return 0;
        used += (size_t)length;
    }
    return row->size = used;
}

static void note_wrong(const struct row *row)
{
    if (row->wrong)
        *row->wrong = true;
}

/* The bytes of a value of that size; zeros if it is of another, or null. */
static const char *field(const struct row *row, unsigned column, int32_t size)
{
    static const char zeros[8];
    co_ensure(column < row->columns);
    if (row->fields[column].size == size)
        return row->fields[column].bytes;
    note_wrong(row);
    return zeros;
}

bool row_is_null(const struct row *row, unsigned column)
{
    co_ensure(column < row->columns);
    return row->fields[column].size < 0;
}

bool row_bool(const struct row *row, unsigned column)
{
    return *field(row, column, 1) != 0;
}

int row_smallint(const struct row *row, unsigned column)
{
    return (int16_t)word_at(field(row, column, 2));
}

int32_t row_int(const struct row *row, unsigned column)
{
    return (int32_t)int_at(field(row, column, 4));
}

static int64_t eight_bytes(const struct row *row, unsigned column)
{
    uint64_t wire;
    memcpy(&wire, field(row, column, 8), sizeof wire);
    return (int64_t)be64toh(wire);
}

uint64_t row_bigint(const struct row *row, unsigned column)
{
    int64_t value = eight_bytes(row, column);
    if (value >= 0)
        return (uint64_t)value;
    note_wrong(row);
    return 0;
}

int64_t row_time(const struct row *row, unsigned column)
{
    int64_t us, stored = eight_bytes(row, column);
    if (stored != INT64_MIN && !__builtin_add_overflow(stored, epoch_us, &us))
        return us; /* the two ends of the range are infinite */
    note_wrong(row);
    return 0;
}

/* See copy_money(): a head of four words, then digits of base 10,000 without trailing zeros. */
static bool read_money(const struct row *row, unsigned column, money *value)
{
    enum { BASE = 10000, HEADER = 4, DIGITS_MAX = 10, NEGATIVE = 0x4000 };
    co_ensure(column < row->columns);
    const char *bytes = row->fields[column].bytes;
    *value = 0;
    if (row->fields[column].size < 2 * HEADER)
        return false;
    int digits = word_at(bytes), weight = (int16_t)word_at(bytes + 2), sign = word_at(bytes + 4);
    bool good = digits <= DIGITS_MAX && row->fields[column].size == 2 * (HEADER + digits) &&
                (digits == 0 || (weight >= digits - 1 && weight < DIGITS_MAX)) &&
                (sign == 0 || sign == NEGATIVE) && word_at(bytes + 6) == 0;
    for (int i = 0; good && digits > 0 && i <= weight; i++) {
        uint16_t digit = i < digits ? word_at(bytes + 2 * (HEADER + i)) : 0;
        /* What comes out is below 10^42 at most, if the last was in range: it fits in 128 bits. */
        good = digit < BASE && *value <= money_max() / BASE &&
               (*value = *value * BASE + digit) <= money_max();
    }
    *value = !good ? 0 : sign ? -*value : *value;
    return good;
}

money row_money(const struct row *row, unsigned column)
{
    money value;
    if (!read_money(row, column, &value))
        note_wrong(row);
    return value;
}

const char *row_bytes(const struct row *row, unsigned column, size_t *size)
{
    bool null = row_is_null(row, column);
    *size = null ? 0 : (size_t)row->fields[column].size;
    return null ? NULL : row->fields[column].bytes;
}

bool row_text(const struct row *row, unsigned column, char *text, size_t size)
{
    size_t length;
    const char *bytes = row_bytes(row, column, &length);
    if (!bytes || length >= size)
        return false;
    memcpy(text, bytes, length);
    text[length] = '\0';
    return true;
}

/* For example, neither a NaN nor an infinite time. */
static bool is_plain(const struct row *row, unsigned column, char type)
{
    money value;
    bool is_eight = row->fields[column].size == 8;
    switch (tolower(type)) {
    case 'b':
        return is_eight && eight_bytes(row, column) >= 0;
    case 'm':
        return read_money(row, column, &value);
    case 't':
        return is_eight && eight_bytes(row, column) != INT64_MIN &&
               eight_bytes(row, column) <= INT64_MAX - epoch_us;
    default:
        return true;
    }
}

bool row_is_plain(const struct row *row, const char *types)
{
    bool may_be_null = *types == '?';
    types += may_be_null;
    for (unsigned i = 0; i < row->columns; i++)
        if (row_is_null(row, i) ? !may_be_null && isupper(types[i]) : !is_plain(row, i, types[i]))
            return false;
    return true;
}

/* ---- a stream of rows ---------------------------------------------------------------------- */

/* Go through what is complete; the number of bytes used up. *stopped: take() said so. */
static size_t take_rows(struct row_stream *stream, const char *bytes, size_t size, bool *stopped)
{
    static const char header[19] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0";
    size_t used = 0;

    /* The header comes once, and whole. */
    if (!stream->begun) {
        if (size < sizeof header)
            return 0;
        if (memcmp(bytes, header, sizeof header) != 0) { /* no flags, no extension */
            *stopped = stream->wrong = true;
            return 0;
        }
        used = sizeof header;
        stream->begun = true;
    }

    /* Rows, until one is not complete yet or the trailer comes. */
    while (size - used >= 2 && !stream->ended && !*stopped) {
        struct row row;
        if (word_at(bytes + used) == UINT16_MAX) {
            stream->ended = true;
            return used + 2;
        }
        size_t taken = row_read(&row, bytes + used, size - used);
        if (taken == 0)
            return used;
        if (taken == ROW_BROKEN) {
            *stopped = stream->wrong = true;
            return used;
        }
        used += taken;
        row.wrong = &stream->wrong;
        *stopped = !stream->take(&row, stream->arg) || stream->wrong;
    }
    return used;
}

static bool keep(struct row_stream *stream, const char *bytes, size_t size)
{
    enum { FIRST_ROOM = 4096 };
    if (stream->room - stream->kept_size < size) {
        size_t room = stream->room ? stream->room : FIRST_ROOM;
        while (room - stream->kept_size < size)
            room *= 2;
        char *kept = realloc(stream->kept, room);
        if (!kept)
            return false;
        stream->kept = kept;
        stream->room = room;
    }
    memcpy(stream->kept + stream->kept_size, bytes, size);
    stream->kept_size += size;
    return true;
}

bool row_stream_feed(struct row_stream *stream, const char *bytes, size_t size)
{
    bool stopped = false;
    if (stream->kept_size == 0) { /* the server sends whole rows, so most often nothing is kept */
        size_t used = take_rows(stream, bytes, size, &stopped);
        return !stopped && (used == size || keep(stream, bytes + used, size - used));
    }
    if (!keep(stream, bytes, size))
        return false;
    size_t used = take_rows(stream, stream->kept, stream->kept_size, &stopped);
    stream->kept_size -= used;
    memmove(stream->kept, stream->kept + used, stream->kept_size);
    return !stopped;
}

void row_stream_free(struct row_stream *stream)
{
    free(stream->kept);
    *stream = (struct row_stream){0};
}
