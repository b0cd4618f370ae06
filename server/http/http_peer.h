/* SPDX-License-Identifier: MIT */
/* A connection: where it is, and so how long it may stay there. Only its worker touches it. */
#ifndef SERVER_HTTP_HTTP_PEER_H
#define SERVER_HTTP_HTTP_PEER_H

#include <microhttpd.h>

#include "coro/worker.h"
#include "server/http/address.h"
#include "server/http/http_echo.h"
#include "server/http/http_wire.h"

enum http_phase {
    HTTP_CONNECTED, /* no request yet */
    HTTP_HEADERS,   /* a part of a head is here */
    HTTP_BODY,      /* the head is here, the body is coming */
    HTTP_RUNNING,   /* the handler works */
    HTTP_SENDING,   /* the answer is going out */
    HTTP_LINGERING, /* refused; what still comes is dropped */
    HTTP_IDLE,      /* kept alive for the next request */
};

struct http_peer {
    struct http_peer *next, *previous;
    struct http_peer *linger_next, *linger_previous; /* http_linger.c */
    int fd;
    enum http_phase phase;
    int64_t since_ns; /* since when it is in this phase, or its stream has made no progress */
    struct http_worker *worker;
    struct MHD_Connection *connection;
    struct http_exchange *exchange; /* its request; NULL: none, or it found no place */
    struct http_echo echo;          /* of the request at work; its id is "" before there is one */
    struct http_wire wire;
    struct co_worker_watch watch; /* http_keepalive.c */
    bool watched, kept_alive, lingers;
    bool is_evicted;         /* it was closed, libmicrohttpd has not seen it yet */
    bool is_extra;           /* came when there was no place: only vital paths are answered */
    bool is_counted;         /* among those of its address */
    struct http_client from; /* its other side: a client, or a proxy */
    uint8_t address[ADDRESS_BYTES]; /* what of that counts */
};

/* Connections come and go (MHD_NotifyConnectionCallback; `worker` is a struct http_worker). */
void http_peer_notify(void *worker, struct MHD_Connection *connection, void **context,
    enum MHD_ConnectionNotificationCode code);

/* http_peer_list.c: into the worker's list and out of it; to its front, as it enters a phase. */
struct http_peer *http_peer_of(struct MHD_Connection *connection);
void http_peer_link(struct http_peer *peer);
void http_peer_unlink(struct http_peer *peer);
void http_peer_enter(struct http_peer *peer, enum http_phase phase);

/* Fill in the echo from a head as far as it was read; `bytes` are what was scanned. NULL for both:
 * nothing came. */
void http_peer_look(struct http_peer *peer, const struct http_head *head, const char *bytes);

/* Connections of each worker that are accepted beyond its limit, if there are descriptors for them:
 * EXTRA may ask anything, and beyond those VITAL may ask vital things only. */
enum { HTTP_PEERS_EXTRA = 224, HTTP_PEERS_VITAL = 32 };

/* Close those that do not take their answer. */
void http_peer_cut(struct http_worker *worker);

/* http_keepalive.c: a connection between two requests. */
void http_keepalive_watch(struct http_peer *peer); /* once, at its start */
void http_keepalive_begin(struct http_peer *peer); /* a request is answered, and it is kept */
void http_keepalive_end(struct http_peer *peer);   /* before the connection ends */

#endif
