/* SPDX-License-Identifier: MIT */
/*
 * The HTTP server: libmicrohttpd, driven by the runtime's workers. Each worker has a daemon of its
 * own on a listening socket of its own (the kernel spreads the connections over them), so a
 * connection lives on one worker and nothing here is shared between workers.
 *
 * Each request runs on a coroutine: http calls `answer` on it, and sends what was filled in.
 */
#ifndef SERVER_HTTP_HTTP_H
#define SERVER_HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coro/context.h"
#include "server/http/cors.h"
#include "server/http/http_client.h"
#include "server/http/http_log.h"
#include "server/http/request.h"
#include "server/http/response.h"
#include "server/tls/tls_identity.h"

struct http;

/* What is found out at a request's head. */
struct http_admission {
    size_t body_max;   /* how long its body may be */
    bool is_known;     /* its sender may send requests at all: its body is worth reading */
    bool may_be_long;  /* the answer: it waits for room */
    bool is_unsure;    /* `answer` will find out: let few such bodies come */
    uint32_t max_rate; /* requests a second of its sender; 0: any number */
    uint8_t who[16];   /* the same for the same sender; all zero: not known */
};

struct http_options {
    int *sockets;                  /* listening, one a worker; http closes them, keeps no array */
    bool sockets_go_on;            /* another process listens there still when they are closed */
    struct tls_identity *identity; /* to speak TLS with, which is kept; NULL: plain HTTP */
    size_t max_requests; /* in progress at any one time, over all workers; more are answered 503 */
    size_t max_connections;           /* and a few more, so that vital paths can be asked for */
    size_t max_of_address;            /* connections; 0: no limit. More are answered 429 */
    uint32_t max_rate_of_address;     /* requests a second; 0: any number. More are answered 429 */
    struct http_client_rules clients; /* whose addresses have those limits */
    size_t max_of_sender;    /* in progress at any one time for one sender; more are answered 429 */
    size_t max_answer_bytes; /* of all long answers that wait to be taken */
    size_t max_body_bytes;   /* of all bodies that are here or coming */
    const struct cors *cors; /* whose pages may use the service; NULL: nobody else's */
    enum http_log_which log; /* which answers are in the log */
    size_t max_streams;      /* open at any one time, over all workers; not among the above */
    size_t max_streams_of_token; /* of those, of one token; more are answered 429 */
    /* What connections and streams may take of them, over all workers; 0: as many as they like. If
     * they are few there are fewer of both than asked for. */
    size_t max_descriptors;
    void (*answer)(void *arg, struct request *request, struct response *response); /* may park */
    /* After answer(), and the stream if it became one; what of the request's memory the response
     * does not need may go then. NULL: nothing is to be done. */
    void (*end)(void *arg, struct request *request);
    /* Judge a request by its head, before its body is read. False: it is not let in, and the
     * response is filled in, and neither answer() nor end() is called. request->call may keep what
     * was found out. Must not park. NULL: all are let in. */
    bool (*admit)(void *arg, struct request *request, struct response *response,
        struct http_admission *admission);
    /* Is this a path that is answered however much is going on? It must not park. NULL: none is. */
    bool (*is_vital)(const char *path, size_t length);
    void *arg;
};

/* Begin to accept. *http is set before the first request is answered, for its handler may use it.
 * False on failure, with the reason. Parks. */
CO_MUST_CHECK bool http_start(
    struct http **http, const struct http_options *options, char *error, size_t error_size);

/* Connections that begin from now on get this identity; those that are open keep theirs. It was
 * started with one. Parks. */
void http_set_identity(struct http *http, struct tls_identity *identity);

/* Accept no more, end the streams, answer what was accepted, and free it all. How long that takes
 * is bounded by how long `answer` takes; clients that do not read are cut off. Parks. */
void http_stop(struct http **http);

/* ---- streams ------------------------------------------------------------------------------ */

/* A response whose body is written bit by bit (struct response: stream). */
struct http_stream;
struct share;

/* Ends when the client goes away or the server stops. */
struct co_context *http_stream_context(struct http_stream *stream);

/* Write bytes, at least one, which must stay until it returns. Parks until the kernel has taken
 * them all; false: the client has gone, or the server stops. */
CO_MUST_CHECK bool http_stream_write(struct http_stream *stream, const char *bytes, size_t length);

/* What was written is not all there is: its end is not to look like a proper one. Nothing may be
 * written after that. Never parks. */
void http_stream_cut(struct http_stream *stream);

/* The part of the worker's time that its streams have, for what is done for them besides writing.
 */
struct share *http_stream_share(struct http_stream *stream);

/* ---- figures ------------------------------------------------------------------------------ */

enum { HTTP_STATUSES = 600 };

struct http_figures {
    uint64_t requests[HTTP_STATUSES]; /* by status */
    uint64_t in_flight, connections, streams;
    uint64_t evicted; /* connections that were closed because their place was needed */
    uint64_t unread;  /* connections that were closed because they did not take their answer */
    uint64_t limited_senders, limited_addresses; /* requests that came too often */
    uint64_t limited_streams;          /* refused because their token had as many as it may */
    uint64_t answer_bytes, body_bytes; /* taken of the budget for bodies */
};

/* Summed over the workers while they go on; never parks. */
void http_read_figures(struct http *http, struct http_figures *figures);

#endif
