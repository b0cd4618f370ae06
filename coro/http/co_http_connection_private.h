/* SPDX-License-Identifier: MIT */
/*
 * The state of a connection, for its files. The buffer, from its beginning:
 *     0 ..floor    what is to stay: the head, and of a body that is received whole what has come
 *     ..taken      free, or framing that was read
 *     ..used       received, and not looked at yet
 *     ..size       room
 */
#ifndef CORO_CO_HTTP_CONNECTION_PRIVATE_H
#define CORO_CO_HTTP_CONNECTION_PRIVATE_H

#include "coro/http/co_http_connection.h"

/* What comes next of an answer's body. */
enum co_http_next {
    CO_HTTP_NEXT_BYTES,    /* `left` of them, and then the body is whole */
    CO_HTTP_NEXT_ANY,      /* all until the stream ends */
    CO_HTTP_NEXT_SIZE,     /* the line with a chunk's size */
    CO_HTTP_NEXT_CHUNK,    /* `left` of its bytes, and the end of its line */
    CO_HTTP_NEXT_TRAILERS, /* lines, up to an empty one */
    CO_HTTP_NEXT_NOTHING,  /* the answer is whole */
};

struct co_http_connection {
    struct co_stream stream;
    struct co_http_limits limits;
    char *buffer;
    size_t size, floor, taken, used;
    char *out; /* the head of a request */
    size_t out_size;
    struct co_http_head head;
    enum co_http_next next;
    size_t left, trailers; /* bytes of a body or chunk that are to come; of trailers that came */
    bool sent, heard;      /* a byte of the request went out; of the answer came */
    bool has_head, broken, without_body;
    bool drained; /* the last read took all there was: wait before the next */
};

/* Room for `size` bytes in all; false with ENOMEM. */
CO_MUST_CHECK bool co_http_connection_grow(struct co_http_connection *connection, size_t size);

/* Receive something: 1, 0 at the end of the stream, -1. */
CO_MUST_CHECK int co_http_connection_fill(
    struct co_context *context, struct co_http_connection *connection);

/* Have bytes of the body at `taken`: 1 with how many, 0 if it is whole, -1. */
CO_MUST_CHECK int co_http_connection_next(
    struct co_context *context, struct co_http_connection *connection, size_t *length);

/* That many of them were used. */
void co_http_connection_take(struct co_http_connection *connection, size_t length);

/* The head has come: what follows it. */
void co_http_connection_begin_body(struct co_http_connection *connection);

#endif
