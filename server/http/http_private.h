/* SPDX-License-Identifier: MIT */
/* What the parts of the HTTP server share: one worker's state. Only that worker touches it. */
#ifndef SERVER_HTTP_HTTP_PRIVATE_H
#define SERVER_HTTP_HTTP_PRIVATE_H

#include <microhttpd.h>
#include <stdatomic.h>

#include "coro/timer.h"
#include "server/http/http.h"
#include "server/http/http_answer.h"
#include "server/http/http_body.h"
#include "server/http/http_echo.h"
#include "server/http/http_linger.h"
#include "server/http/http_peer.h"
#include "server/http/http_rate.h"
#include "server/http/http_stream.h"
#include "server/http/http_turn.h"
#include "server/http/rate.h"
#include "server/http/share.h"
#include "server/http/tally.h"
#include "server/text/time_text.h"

enum { HTTP_EXCHANGE_MEMORY = 6656 };

/* A request and its response, on their way through. Freed when both sides are done with it. */
struct http_exchange {
    struct http_exchange *next; /* in the pool */
    struct http_worker *worker;
    struct MHD_Connection *connection; /* NULL: libmicrohttpd is done with it */
    struct http_peer *peer;
    bool running;               /* its coroutine is */
    bool suspended;             /* its connection is */
    bool answered;              /* response is filled in */
    bool body_dropped;          /* what comes of it is thrown away; the response is filled in */
    bool is_vital;              /* it counts nowhere */
    bool is_counted;            /* among those of its sender */
    bool is_unsure;             /* its body's sender may turn out not to be known */
    bool is_stream;             /* the answer is; this is not a request in progress any more */
    struct http_stream *stream; /* until it has ended */
    size_t body_max, body_room; /* how long the body may be; memory for it */
    char *body_memory;          /* NULL: it is in the arena */
    uint64_t content_length;    /* 0: none, or it comes in chunks */
    size_t answer_bytes;        /* of the budget for answers */
    char *answer;               /* a long one; NULL: it is in the arena */
    bool may_be_long;           /* the answer */
    int64_t turn_ns;            /* since when it has its turn, if the answer may be long */
    uint8_t who[TALLY_KEY];
    struct http_echo echo;
    struct request request;
    struct response response;
    _Alignas(16) char memory[HTTP_EXCHANGE_MEMORY];
};

struct http_counters {
    _Atomic uint64_t requests[HTTP_STATUSES];
    _Atomic uint64_t in_flight, connections, streams, evicted, unread, limited_senders,
        limited_addresses, limited_streams;
};

struct http_worker {
    struct http *http;
    /* What http_wire.c calls when a head is whole, and when it answers in a request's stead:
     * http_exchange_begin() and http_exchange_lose(). */
    void (*begin)(struct http_peer *peer, const char *head);
    void (*lose)(struct http_peer *peer);
    struct MHD_Daemon *daemon;
    int socket;                    /* it listens on, and closes */
    struct tls_identity *identity; /* of new connections; NULL: they are plain */
    struct request_ids ids;
    struct co_worker_watch watch;
    struct co_timer again, sweep;
    bool again_started, sweep_started, stopping;
    struct http_exchange *pool; /* those that are free */
    struct http_stream *streams;
    struct share stream_share;
    size_t stream_count;
    struct tally stream_tokens; /* streams of each */
    size_t exchanges;           /* in use, without those of streams */
    size_t vital;               /* of those that count nowhere */
    struct tally senders;       /* exchanges of each */
    struct http_turns turns;
    struct http_lingering lingering;
    size_t unsure;                       /* exchanges with such a body */
    size_t kept_alive;                   /* connections */
    struct http_peer *peers, *last_peer; /* those that changed their phase last come first */
    size_t peer_count;
    struct tally addresses; /* peers of each */
    int ended;              /* a socket whose other side is closed */
    int64_t last_request_ns;
    int64_t date_s;
    char date[TIME_TEXT_HTTP];
    struct http_counters counters;
};

struct http {
    struct http_options options;
    size_t max_exchanges, max_of_sender, max_peers, max_of_address, max_streams,
        max_streams_of_token, extra_peers, vital_peers; /* of a worker; the last two: http_peer.h */
    _Atomic size_t answer_bytes;                        /* of the budget for answers */
    _Atomic size_t body_bytes;                          /* of the budget for bodies */
    struct rate *of_sender, *of_address;                /* requests of each */
    int worker_count;
    struct http_worker *workers;
};

/* http_pump.c: let libmicrohttpd do what is ready now; what it has to do after that comes when the
 * coroutines have had a turn. `worker` is a struct http_worker. */
void http_pump(void *worker);

/* Let it run once the coroutines that are ready have run. A resumed connection needs it: with the
 * loop outside, libmicrohttpd does not wake itself. */
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
/* To one that has no exchange. MHD_NO: not even that could be sent. */
enum MHD_Result http_response_overloaded(struct http_peer *peer);
enum { HTTP_RESPONSE_HEAD = 2560 }; /* with the longest of each header that there is */
/* The headers of an answer after which the connection is closed, as lines; with the empty one. */
size_t http_response_lines(
    struct http_worker *worker, const struct response *response, char *to, size_t size);
/* It is answered, with a body of so many bytes: for the figures and the log. `request` NULL:
 * nothing was found out about it. */
void http_response_count(struct http_worker *worker, const struct request *request,
    const struct response *response, uint64_t bytes);
void *http_response_body(const struct response *response); /* to be read only */

/* Counters have one writer. */
static inline void http_count(_Atomic uint64_t *counter, uint64_t more)
{
    uint64_t value = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, value + more, memory_order_relaxed);
}

#endif
