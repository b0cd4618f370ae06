/* SPDX-License-Identifier: MIT */
/*
 * Between two requests a connection rests: libmicrohttpd has it suspended, and it is watched here.
 * Left alone, libmicrohttpd would add the socket to its epoll set after each answer and take it out
 * again when the next request is suspended: two system calls, a twelfth of the processor time of a
 * transfer. It is resumed when the next head is whole, or when the connection has ended.
 *
 * libmicrohttpd looks whether a connection is suspended before each step of it, so this may be said
 * in the callback of a request's end; 0.9.75 and 1.0 are alike in that.
 */
#include "server/http/http_private.h"

/* Each run of libmicrohttpd looks at all that is suspended, so not everybody may rest. */
enum { RESTING_MAX = 1024 };

static void suspend(struct http_peer *peer)
{
    peer->resting = true;
    peer->worker->resting++;
    MHD_suspend_connection(peer->connection);
}

/* What is resumed is read at once. */
static void resume(struct http_peer *peer)
{
    peer->resting = false;
    peer->worker->resting--;
    MHD_resume_connection(peer->connection);
    http_pump_soon(peer->worker);
}

static void wake(void *arg)
{
    struct http_peer *peer = arg;
    /* An edge tells that something is there, not what. */
    peer->wire.unread = true;
    peer->wire.hung_up |= peer->watch.hung_up;
    if (peer->resting) {
        if (http_wire_fill(peer))
            resume(peer);
    } else if (peer->wire.hung_up && http_wire_awaits(peer)) {
        /* The end came with the last bytes: libmicrohttpd was told once, and took it for them. */
        suspend(peer);
        resume(peer);
    }
}

void http_rest_watch(struct http_peer *peer)
{
    peer->watch = (struct worker_watch){.fd = peer->fd, .fn = wake, .arg = peer, .edge = true};
    peer->watched = worker_watch_start(&peer->watch) == 0;
}

void http_rest_begin(struct http_peer *peer)
{
    struct http_worker *worker = peer->worker;
    bool may_rest = peer->watched && !worker->stopping && worker->resting < RESTING_MAX;
    /* Bytes that are here already cause no further edge. */
    bool has_more = http_wire_has_more(peer);
    if (!may_rest && !has_more)
        return;
    suspend(peer);
    /* A whole request is here: libmicrohttpd reads it through a resume. */
    if (!may_rest || (has_more && http_wire_fill(peer)))
        resume(peer);
}

void http_rest_end(struct http_peer *peer)
{
    if (peer->resting)
        resume(peer);
    if (peer->watched)
        worker_watch_stop(&peer->watch);
    peer->watched = false;
}
