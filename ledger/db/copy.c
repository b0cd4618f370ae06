/* SPDX-License-Identifier: MIT */
#include "ledger/db/copy.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 65536, KEPT_ROOM = 8 << 20 };

/* From the Unix epoch to PostgreSQL's, 2000-01-01. */
static const int64_t epoch_us = INT64_C(946684800000000);

static char *grow(struct copy *copy, size_t more)
{
    if (copy->short_of_memory)
        return NULL;
    if (copy->room - copy->size < more) {
        size_t room = copy->room ? copy->room : FIRST_ROOM;
        while (room - copy->size < more)
            room *= 2;
        char *bytes = realloc(copy->bytes, room);
        if (!bytes) {
            copy->short_of_memory = true;
            return NULL;
        }
        copy->bytes = bytes;
        copy->room = room;
    }
    char *at = copy->bytes + copy->size;
    copy->size += more;
    return at;
}

static void put(struct copy *copy, const void *bytes, size_t size)
{
    char *at = grow(copy, size);
    if (at)
        memcpy(at, bytes, size);
}

/* A field: its length, then its bytes. */
static void field(struct copy *copy, const void *bytes, size_t size)
{
    char *at = grow(copy, 4 + size);
    if (!at)
        return;
    uint32_t length = htobe32((uint32_t)size);
    memcpy(at, &length, 4);
    memcpy(at + 4, bytes, size);
}

/* What stands around the rows. */
static const char header[19] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", trailer[2] = "\377\377";

void copy_start(struct copy *copy)
{
    if (copy->room > KEPT_ROOM)
        copy_free(copy);
    copy->size = 0;
    copy->rows = 0;
    copy->short_of_memory = false;
    put(copy, header, sizeof header);
}

void copy_row(struct copy *copy, int columns)
{
    uint16_t count = htobe16((uint16_t)columns);
    copy->rows++;
    put(copy, &count, sizeof count);
}

void copy_null(struct copy *copy)
{
    put(copy, "\377\377\377\377", 4);
}

void copy_smallint(struct copy *copy, int value)
{
    uint16_t wire = htobe16((uint16_t)value);
    field(copy, &wire, sizeof wire);
}

void copy_int(struct copy *copy, int32_t value)
{
    uint32_t wire = htobe32((uint32_t)value);
    field(copy, &wire, sizeof wire);
}

void copy_bigint(struct copy *copy, uint64_t value)
{
    uint64_t wire = htobe64(value);
    field(copy, &wire, sizeof wire);
}

void copy_time(struct copy *copy, int64_t us)
{
    copy_bigint(copy, (uint64_t)(us - epoch_us));
}

void copy_bytes(struct copy *copy, const void *bytes, size_t size)
{
    field(copy, bytes, size);
}

void copy_text(struct copy *copy, const char *text)
{
    if (text)
        field(copy, text, strlen(text));
    else
        copy_null(copy);
}

/*
 * numeric on the wire: how many digits of base 10,000; the power of the first; the sign; no digits
 * after the point; then the digits, most significant first, without trailing zeros.
 */
void copy_money(struct copy *copy, money value)
{
    enum { BASE = 10000, HEADER = 4, DIGITS_MAX = 10, NEGATIVE = 0x4000 };
    uint16_t reversed[DIGITS_MAX], wire[HEADER + DIGITS_MAX];
    int digits = 0, zeros = 0;
    bool negative = value < 0;
    money rest = negative ? -value : value;
    for (; rest > UINT64_MAX; rest /= BASE) /* dividing 128 bits is slow, and seldom needed */
        reversed[digits++] = (uint16_t)(rest % BASE);
    for (uint64_t low = (uint64_t)rest; low > 0; low /= BASE)
        reversed[digits++] = (uint16_t)(low % BASE);
    while (zeros < digits && reversed[zeros] == 0)
        zeros++;
    wire[0] = htobe16((uint16_t)(digits - zeros));
    wire[1] = htobe16((uint16_t)(digits > 0 ? digits - 1 : 0));
    wire[2] = htobe16(negative ? NEGATIVE : 0);
    wire[3] = 0;
    for (int i = 0; i < digits - zeros; i++)
        wire[HEADER + i] = htobe16(reversed[digits - 1 - i]);
    field(copy, wire, sizeof wire[0] * (size_t)(HEADER + digits - zeros));
}

void copy_fields(struct copy *copy, const struct copy *of, size_t at)
{
    if (of->short_of_memory)
        copy->short_of_memory = true;
    else
        put(copy, of->bytes + at, of->size - at);
}

bool copy_finish(struct copy *copy)
{
    put(copy, trailer, sizeof trailer);
    return !copy->short_of_memory;
}

const char *copy_rows(const struct copy *copy, size_t *size)
{
    *size = copy->size - sizeof header - sizeof trailer;
    return copy->bytes + sizeof header;
}

void copy_free(struct copy *copy)
{
    free(copy->bytes);
    *copy = (struct copy){0};
}
