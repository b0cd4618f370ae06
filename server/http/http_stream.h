/* SPDX-License-Identifier: MIT */
/*
 * A response whose body is written bit by bit (struct response: stream), for as long as its client
 * stays. It is not a request any more: it leaves libmicrohttpd, the pool of requests and the places
 * for connections, and has a socket, a watch and a limit of its own.
 */
#ifndef SERVER_HTTP_HTTP_STREAM_H
#define SERVER_HTTP_HTTP_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coro/eventcount.h"
#include "coro/worker.h"
#include "server/http/tally.h"

struct http_exchange;
struct http_worker;
struct tls;

struct http_stream {
    struct http_stream *next, *previous; /* of this worker */
    struct http_exchange *exchange;
    struct http_worker *worker;
    int fd;
    struct tls *tls; /* NULL: it is plain */
    struct co_worker_watch watch;
    struct co_context *context; /* ends with the client, or when the server stops */
    struct co_eventcount room;  /* rises with what happens to the socket: there may be room in it */
    uint64_t happened;          /* so often */
    int64_t blocked_ns;         /* since when its writer has waited for that; 0: it does not */
    uint8_t token[TALLY_KEY];   /* that began it, among stream_tokens; all zero: none */
    uint64_t bytes;             /* of the body, written or about to be */
    bool hung_up;               /* the client has */
    bool within;                /* a chunk is not written to its end, or the body is not */
    bool chunked;               /* else the body ends with the connection */
};

/* Make the exchange's answer a stream, on a socket of its own: libmicrohttpd is to close its own.
 * False: there is no place, or no memory, or its token has its number: the answer says so. */
CO_MUST_CHECK bool http_stream_begin(struct http_exchange *exchange);

/* Write all of it, as the exchange's coroutine. Parks. */
void http_stream_run(struct http_exchange *exchange);

/* The server stops: let it end. And cut those whose client takes nothing. */
void http_stream_stop(struct http_stream *stream);
void http_stream_sweep(struct http_worker *worker, int64_t now_ns);

#endif
