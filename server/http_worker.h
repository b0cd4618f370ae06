/* SPDX-License-Identifier: MIT */
/* What the parts of the HTTP server share: one worker's state. Only that worker touches it. */
#ifndef SERVER_HTTP_WORKER_H
#define SERVER_HTTP_WORKER_H

#include <microhttpd.h>
#include <stdatomic.h>

#include "coro/timer.h"
#include "server/http.h"
#include "server/http_peer.h"
#include "server/time_text.h"

enum { HTTP_EXCHANGE_MEMORY = 6144, HTTP_LARGE_BODIES = 16 /* of each worker */ };

struct http_stream {
    struct http_exchange *exchange;
    struct context *context;
    const char *bytes; /* what the client has not taken yet */
    size_t length;
    struct co *writer; /* parked in http_stream_write() */
    bool gone, ended;  /* the client went away; the writer has written all */
};

/* A request and its response, on their way through. Freed when both sides are done with it. */
struct http_exchange {
    struct http_exchange *next; /* in the pool, or among the streams */
    struct http_worker *worker;
    struct MHD_Connection *connection; /* NULL: libmicrohttpd is done with it */
    struct http_peer *peer;
    bool running;   /* its coroutine is */
    bool suspended; /* its connection is */
    bool answered;  /* response is filled in */
    bool body_dropped, target_bad;
    bool is_large;     /* the body is beyond REQUEST_BODY_MAX, and one of HTTP_LARGE_BODIES */
    bool has_no_place; /* it would have been one more than those */
    bool is_stream;
    size_t body_room;
    uint64_t content_length;
    struct request request;
    struct response response;
    struct http_stream stream;
    _Alignas(16) char memory[HTTP_EXCHANGE_MEMORY];
};

struct http_counters {
    _Atomic uint64_t requests[HTTP_STATUSES], outcomes[HTTP_MOVES];
    _Atomic uint64_t moves, moves_ns, moves_le[HTTP_BUCKETS];
    _Atomic uint64_t in_flight, connections, streams;
};

struct http_worker {
    struct http *http;
    struct MHD_Daemon *daemon;
    struct MHD_Response *overloaded; /* ready made */
    struct worker_watch watch;
    struct timer again, sweep;
    bool again_started, sweep_started, stopping;
    struct http_exchange *pool; /* those that are free */
    struct http_exchange *streams;
    size_t exchanges; /* in use, streams too */
    size_t large;     /* exchanges with a large body */
    size_t resting;   /* connections */
    struct http_peer *peers;
    int ended; /* a socket whose other side is closed */
    int64_t last_request_ns;
    int64_t date_s;
    char date[TIME_TEXT_HTTP];
    struct http_counters counters;
};

struct http {
    struct http_options options;
    size_t max_exchanges, max_peers; /* of each worker */
    int worker_count;
    struct http_worker *workers;
};

/* http.c: let libmicrohttpd run once the coroutines that are ready have run. A resumed connection
 * needs it: with the loop outside, libmicrohttpd does not wake itself. */
void http_pump_soon(struct http_worker *worker);

/* http_exchange.c: a request from its head to its answer. */
void http_exchange_begin(struct http_peer *peer, const char *head); /* as peer->wire.head says */
void http_exchange_lose(struct http_peer *peer); /* nobody waits for its answer any more */
enum MHD_Result http_exchange_go_on(void *worker, struct MHD_Connection *connection,
    const char *url, const char *method, const char *version, const char *data, size_t *size,
    void **state);
void http_exchange_end(void *worker, struct MHD_Connection *connection, void **state,
    enum MHD_RequestTerminationCode code);
void http_exchange_resume(struct http_exchange *exchange);

/* http_response.c: send what was filled in. */
enum MHD_Result http_response_queue(struct http_exchange *exchange);
struct MHD_Response *http_response_overloaded(void);
void http_response_each_header(struct http_worker *worker, const struct response *response,
    void (*header)(void *arg, const char *name, const char *value), void *arg);
void *http_response_body(const struct response *response); /* to be read only */

/* http_stream.c */
MUST_CHECK bool http_stream_begin(struct http_exchange *exchange);
void http_stream_run(struct http_exchange *exchange);  /* as the exchange's coroutine */
void http_stream_lose(struct http_exchange *exchange); /* the client has gone, or we go */
ssize_t http_stream_read(void *exchange, uint64_t position, char *to, size_t size);

/* Counters have one writer. */
static inline void http_count(_Atomic uint64_t *counter, uint64_t more)
{
    uint64_t value = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, value + more, memory_order_relaxed);
}

#endif
