/* SPDX-License-Identifier: MIT */
/*
 * What a connection's client sends, on its way to libmicrohttpd. Each head is read here, by
 * http_head.h; libmicrohttpd is given one of our own making, that has nothing in it to misread, and
 * then the body, checked: never a byte beyond the request's end, and no end of the connection while
 * a request is at work. What is refused gets its answer from here, and libmicrohttpd never hears
 * of it. See http_calls.c for how libmicrohttpd is brought to read through this.
 */
#ifndef SERVER_HTTP_HTTP_WIRE_H
#define SERVER_HTTP_HTTP_WIRE_H

#include <sys/socket.h>
#include <sys/types.h>

#include "server/http/http_chunks.h"
#include "server/http/http_head.h"
#include "server/http/problem.h"
#include "server/tls/tls.h"

struct http_peer;
struct http_worker;

struct http_wire {
    enum http_wire_state {
        HTTP_WIRE_HEAD,    /* the head of the next request is coming */
        HTTP_WIRE_GIVE,    /* it is here and good; libmicrohttpd has not read of it yet */
        HTTP_WIRE_BODY,    /* the body is coming */
        HTTP_WIRE_WAIT,    /* libmicrohttpd has the whole request, and answers it */
        HTTP_WIRE_REFUSED, /* we have answered; what still comes is thrown away (http_linger.h) */
        HTTP_WIRE_OVER,    /* libmicrohttpd is told that the connection has ended */
    } state;
    struct tls *tls; /* NULL: the connection is plain, or goes on elsewhere */
    bool unread;     /* the kernel may have more */
    bool hung_up;    /* the client will send no more than the kernel has */
    struct http_head head;
    struct http_chunks chunks;
    uint64_t left;                            /* of a body that has a length */
    char *held;                               /* read, and not given away yet: NULL or malloc'ed */
    size_t held_from, held_length, held_room; /* bytes from held + held_from on */
};

/* The caller's worker is going to have connections, and has no more. False: no memory; closed it
 * must be all the same. */
CO_MUST_CHECK bool http_wire_open(void);
void http_wire_close(void);

/* A connection begins (false: no memory), and ends, before its descriptor is closed. */
CO_MUST_CHECK bool http_wire_add(struct http_peer *peer);
void http_wire_remove(struct http_peer *peer);

/* The connection of this worker that has that descriptor; NULL: none. */
struct http_peer *http_wire_of(int fd);

/* As recv(2), for libmicrohttpd. */
ssize_t http_wire_give(struct http_peer *peer, char *to, size_t size);

/* As sendmsg(2), in plain or over TLS. */
ssize_t http_wire_send(struct http_peer *peer, const struct msghdr *message, int flags);

/* Read what there is of the next head. True: libmicrohttpd has something to hear (a request, or the
 * end), so a suspended connection must be resumed. Never blocks. */
CO_MUST_CHECK bool http_wire_fill(struct http_peer *peer);

/* The request is answered: what comes next is a head. */
void http_wire_next(struct http_peer *peer);

/* A head or a body is still to come, or the end. */
bool http_wire_awaits(const struct http_peer *peer);

/* There may be more to read, and nobody will be told. */
bool http_wire_has_more(const struct http_peer *peer);

/* Answer from here, with "Connection: close", whatever libmicrohttpd is at with the request: it has
 * not begun to answer. What the client still sends is read and dropped for a while, so that it gets
 * to see the answer. The request's exchange, if it has one, is given back. */
void http_wire_refuse(struct http_peer *peer, const struct response *response);
void http_wire_refuse_problem(
    struct http_peer *peer, const struct problem *problem, const char *detail);

#endif
