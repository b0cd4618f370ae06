/* SPDX-License-Identifier: MIT */
/* What is received, and the room for it. It grows with the longest answer, and stays that size. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "coro/http/co_http_connection_private.h"

enum {
    BUFFER_FIRST = 4096,
    BUFFER_QUICK = 65536, /* of a stream that comes faster than it is read */
};

bool co_http_connection_grow(struct co_http_connection *connection, size_t size)
{
    if (size <= connection->size)
        return true;
    char *larger = realloc(connection->buffer, size);
    if (!larger) {
        errno = ENOMEM;
        return false;
    }
    connection->buffer = larger;
    connection->head.text = larger;
    connection->size = size;
    return true;
}

/* Room to receive something: what was taken is overwritten before the buffer grows. */
static bool make_room(struct co_http_connection *connection)
{
    if (connection->taken == connection->used)
        connection->taken = connection->used = connection->floor;
    if (!connection->drained && connection->size < BUFFER_QUICK)
        return co_http_connection_grow(connection, BUFFER_QUICK);
    if (connection->used < connection->size)
        return true;
    if (connection->taken > connection->floor) {
        connection->used -= connection->taken - connection->floor;
        memmove(connection->buffer + connection->floor, connection->buffer + connection->taken,
            connection->used - connection->floor);
        connection->taken = connection->floor;
        return true;
    }
    return co_http_connection_grow(
        connection, connection->size ? 2 * connection->size : BUFFER_FIRST);
}

int co_http_connection_fill(struct co_context *context, struct co_http_connection *connection)
{
    if (!make_room(connection))
        return -1;
    if (connection->drained && co_stream_await(context, &connection->stream) < 0)
        return -1;
    size_t room = connection->size - connection->used;
    ssize_t n =
        co_stream_read(context, &connection->stream, connection->buffer + connection->used, room);
    if (n <= 0)
        return (int)n;
    connection->used += (size_t)n;
    connection->drained = (size_t)n < room;
    connection->heard = true;
    return 1;
}
