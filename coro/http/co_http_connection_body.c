/* SPDX-License-Identifier: MIT */
/* A body out of its framing: a length, chunks, or the end of the stream (RFC 9112, 6 and 7). */
#include <errno.h>
#include <string.h>

#include "coro/http/co_http_connection_private.h"

enum { LINE_LONGEST = 4096 }; /* of a chunk's size and its extensions, or of a trailer */

void co_http_connection_begin_body(struct co_http_connection *connection)
{
    const struct co_http_head *head = &connection->head;
    bool without = connection->without_body || head->status == 204 || head->status == 304;
    connection->trailers = 0;
    connection->left = 0;
    if (without || head->length == 0) {
        connection->next = CO_HTTP_NEXT_NOTHING;
    } else if (head->chunked) {
        connection->next = CO_HTTP_NEXT_SIZE;
    } else if (head->length > 0) {
        connection->left = (size_t)head->length;
        connection->next = CO_HTTP_NEXT_BYTES;
    } else {
        connection->next = CO_HTTP_NEXT_ANY;
    }
}

static int wrong(int error)
{
    errno = error;
    return -1;
}

/* A body that is not whole and then the end: it was cut. */
static int need_more(struct co_context *context, struct co_http_connection *connection)
{
    int got = co_http_connection_fill(context, connection);
    return got == 0 ? wrong(ECONNRESET) : got;
}

/* --- chunks ----------------------------------------------------------------------------------- */

/* A line without its end; it is taken, and stays in the buffer until the next fill. */
static int next_line(struct co_context *context, struct co_http_connection *connection,
    const char **line, size_t *length)
{
    for (;;) {
        char *from = connection->buffer + connection->taken;
        size_t have = connection->used - connection->taken;
        char *newline = memchr(from, '\n', have);
        if (newline && (newline == from || newline[-1] != '\r'))
            return wrong(EPROTO);
        if (newline) {
            *line = from;
            *length = (size_t)(newline - from) - 1;
            connection->taken += *length + 2;
            return 1;
        }
        if (have > LINE_LONGEST)
            return wrong(EPROTO);
        if (need_more(context, connection) < 0)
            return -1;
    }
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "1a2b", perhaps with extensions behind a semicolon, which nobody uses. */
static bool read_size(const char *line, size_t length, size_t *size)
{
    size_t digits = 0;
    for (*size = 0; digits < length && hex_digit(line[digits]) >= 0; digits++)
        *size = *size << 4 | (size_t)hex_digit(line[digits]);
    if (digits == 0 || digits > 12)
        return false;
    return digits == length || line[digits] == ';' || line[digits] == ' ' || line[digits] == '\t';
}

static int begin_chunk(struct co_context *context, struct co_http_connection *connection)
{
    const char *line;
    size_t length;
    if (next_line(context, connection, &line, &length) < 0)
        return -1;
    if (!read_size(line, length, &connection->left))
        return wrong(EPROTO);
    connection->next = connection->left > 0 ? CO_HTTP_NEXT_CHUNK : CO_HTTP_NEXT_TRAILERS;
    return 1;
}

static int end_chunk(struct co_context *context, struct co_http_connection *connection)
{
    const char *line;
    size_t length;
    if (next_line(context, connection, &line, &length) < 0)
        return -1;
    connection->next = CO_HTTP_NEXT_SIZE;
    return length == 0 ? 1 : wrong(EPROTO);
}

static int skip_trailer(struct co_context *context, struct co_http_connection *connection)
{
    const char *line;
    size_t length;
    if (next_line(context, connection, &line, &length) < 0)
        return -1;
    connection->trailers += length;
    if (connection->trailers > connection->limits.head_max)
        return wrong(EMSGSIZE);
    if (length == 0)
        connection->next = CO_HTTP_NEXT_NOTHING;
    return 1;
}

/* --- bytes ------------------------------------------------------------------------------------ */

/* What is there of `left`, or 0: that is used up. */
static int bytes_there(
    struct co_context *context, struct co_http_connection *connection, size_t *length)
{
    if (connection->taken == connection->used && need_more(context, connection) < 0)
        return -1;
    size_t have = connection->used - connection->taken;
    *length = have < connection->left ? have : connection->left;
    return 1;
}

static int bytes_until_end(
    struct co_context *context, struct co_http_connection *connection, size_t *length)
{
    if (connection->taken == connection->used) {
        int got = co_http_connection_fill(context, connection);
        if (got == 0) {
            connection->next = CO_HTTP_NEXT_NOTHING;
            connection->broken = true; /* for another request */
        }
        if (got <= 0)
            return got;
    }
    *length = connection->used - connection->taken;
    return 1;
}

int co_http_connection_next(
    struct co_context *context, struct co_http_connection *connection, size_t *length)
{
    for (int step = 1; step > 0;)
        switch (connection->next) {
        case CO_HTTP_NEXT_NOTHING:
            return 0;
        case CO_HTTP_NEXT_ANY:
            return bytes_until_end(context, connection, length);
        case CO_HTTP_NEXT_BYTES:
            return bytes_there(context, connection, length);
        case CO_HTTP_NEXT_CHUNK:
            if (connection->left > 0)
                return bytes_there(context, connection, length);
            step = end_chunk(context, connection);
            break;
        case CO_HTTP_NEXT_SIZE:
            step = begin_chunk(context, connection);
            break;
        case CO_HTTP_NEXT_TRAILERS:
            step = skip_trailer(context, connection);
            break;
        }
    return -1;
}

void co_http_connection_take(struct co_http_connection *connection, size_t length)
{
    connection->taken += length;
    if (connection->next == CO_HTTP_NEXT_ANY)
        return;
    connection->left -= length;
    if (connection->left == 0 && connection->next == CO_HTTP_NEXT_BYTES)
        connection->next = CO_HTTP_NEXT_NOTHING;
}
