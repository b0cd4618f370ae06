/* SPDX-License-Identifier: MIT */
/*
 * One connection of an HTTP/1.1 client: a request is sent, its answer received, and then the next.
 * Nothing is sent a second time here, and nothing is connected: co_http.h does that. Calls return
 * 0, or -1 with errno: what stream.h says, and
 *   EPROTO    what came is not HTTP, or contradicts itself
 *   EMSGSIZE  the answer is larger than the limits allow
 *   EINVAL    the request has characters where HTTP has none
 *   ENOMEM    memory ran out
 * After a failure only freeing is left. By one coroutine at a time; all park but make, free and
 * what asks for the state.
 */
#ifndef CORO_CO_HTTP_CONNECTION_H
#define CORO_CO_HTTP_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "coro/http/co_http_head.h"
#include "coro/language.h"
#include "coro/stream.h"

CO_C_BEGIN

struct co_http_connection;

struct co_http_limits {
    size_t head_max; /* bytes of an answer's head, and of its trailers; 0: 65,536 */
    size_t body_max; /* of a body that is received whole; 0: 67,108,864 */
};

/* How far a request has got. What may be sent again depends on it. */
enum co_http_fate {
    CO_HTTP_NOT_SENT, /* not a byte of it went out: it was not executed */
    CO_HTTP_SENT,     /* it went out, or a part, and no answer came: nobody knows */
    CO_HTTP_CUT,      /* an answer began, and did not come whole or was not understood */
    CO_HTTP_ANSWERED,
};

/* What is sent. Each text ends with a zero. */
struct co_http_message {
    const char *method;    /* NULL: "GET", or "POST" when there is a body */
    const char *authority; /* for Host */
    const char *target;  /* path and query; "/" is put before one that does not begin with it; what
                            * follows a "#" is not sent */
    const char *headers; /* more fields, each with its CR LF; NULL: none. Not those of this list:
                            * Host, Content-Length, Transfer-Encoding */
    const void *body;    /* NULL: none */
    size_t body_length;
};

/* An answer, whole. */
struct co_http_answer {
    struct co_http_head head;
    const char *body; /* a zero stands behind it */
    size_t body_length;
    void *memory; /* of all that; NULL: it is the connection's, until that is used again */
    struct co_stream_why why; /* after a failure: words, or "" where errno says it all */
};

/* The stream is the connection's from now on, also if that is NULL: memory is short. `limits` may
 * be NULL. */
CO_MUST_CHECK struct co_http_connection *co_http_connection_make(
    struct co_stream stream, const struct co_http_limits *limits);

/* Close it, give the memory back and set it to NULL. */
void co_http_connection_free(struct co_http_connection **connection);

/* Send a request. A server may refuse a long body before it has read it: after EPIPE or ECONNRESET
 * its answer may still be there to be received. */
CO_MUST_CHECK int co_http_connection_send(struct co_context *context,
    struct co_http_connection *connection, const struct co_http_message *message);

/* Receive the head of the answer to it; interim ones (1xx) are passed over. */
CO_MUST_CHECK int co_http_connection_receive_head(
    struct co_context *context, struct co_http_connection *connection);

/* Which is the connection's, and lies elsewhere after each read. */
const struct co_http_head *co_http_connection_head(const struct co_http_connection *connection);

/* Then either the body piece by piece, as it comes and without its framing: 1 to `size` bytes, 0 at
 * its end, -1 */
CO_MUST_CHECK ssize_t co_http_connection_read(
    struct co_context *context, struct co_http_connection *connection, void *buffer, size_t size);

/* or all of it: 0 with an answer whose memory is the connection's. */
CO_MUST_CHECK int co_http_connection_receive_body(struct co_context *context,
    struct co_http_connection *connection, struct co_http_answer *answer);

/* Send, and receive the whole answer. */
CO_MUST_CHECK int co_http_connection_call(struct co_context *context,
    struct co_http_connection *connection, const struct co_http_message *message,
    struct co_http_answer *answer);

/* The memory of the answer that was received whole becomes the answer's, to be freed by
 * co_http_answer_free(), which is harmless for all other answers. */
void co_http_connection_give(struct co_http_connection *connection, struct co_http_answer *answer);
void co_http_answer_free(struct co_http_answer *answer);

/* For those who test servers: bytes instead of a request, whatever they say, after which an answer
 * may be received; and what comes, as it comes: 1 to `size` bytes, 0 at the end of the stream,
 * -1. */
CO_MUST_CHECK int co_http_connection_send_bytes(struct co_context *context,
    struct co_http_connection *connection, const void *bytes, size_t length);
CO_MUST_CHECK ssize_t co_http_connection_read_bytes(
    struct co_context *context, struct co_http_connection *connection, void *buffer, size_t size);

/* What became of the last request. */
enum co_http_fate co_http_connection_fate(const struct co_http_connection *connection);

/* Its answer is whole, and another request may follow. */
bool co_http_connection_is_free(const struct co_http_connection *connection);

/* More came than the answer: a server that says what nobody asked. */
bool co_http_connection_has_more(const struct co_http_connection *connection);

struct co_stream *co_http_connection_stream(struct co_http_connection *connection);

CO_C_END

#endif
