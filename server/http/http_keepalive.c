/* SPDX-License-Identifier: MIT */
/*
 * Between two requests a connection is kept alive: libmicrohttpd has it suspended, and here it is
 * watched. Left alone, libmicrohttpd would add the socket to its epoll set after each answer and
 * take it out again when the next request is suspended: two system calls, a twelfth of the
 * processor time of a transfer. It is resumed when the next head is whole, or when the connection
 * has ended.
 *
 * libmicrohttpd looks whether a connection is suspended before each step of it, so this may be said
 * in the callback of a request's end; 0.9.75 and 1.0 are alike in that.
 */
#include "server/http/http_private.h"

/* Each run of libmicrohttpd looks at all that is suspended, so their number is bounded. */
enum { KEPT_ALIVE_MAX = 1024 };

static void suspend(struct http_peer *peer)
{
    peer->kept_alive = true;
    peer->worker->kept_alive++;
    MHD_suspend_connection(peer->connection);
}

/* What is resumed is read at once. */
static void resume(struct http_peer *peer)
{
    peer->kept_alive = false;
    peer->worker->kept_alive--;
    MHD_resume_connection(peer->connection);
    http_pump_soon(peer->worker);
}

/* The end came with the last bytes: libmicrohttpd was told once, and took it for them. Or TLS had
 * to write before it could read on, which libmicrohttpd knows nothing of. */
static bool needs_another_look(const struct http_peer *peer)
{
    const struct http_wire *wire = &peer->wire;
    return wire->hung_up || (wire->tls && tls_waits_for_room(wire->tls));
}

static void wake(void *arg)
{
    struct http_peer *peer = arg;
    /* An edge tells that something is there, not what. */
    peer->wire.unread = true;
    peer->wire.hung_up |= peer->watch.hung_up;
    if (peer->kept_alive) {
        if (http_wire_fill(peer))
            resume(peer);
    } else if (needs_another_look(peer) && http_wire_awaits(peer)) {
        suspend(peer);
        resume(peer);
    }
}

void http_keepalive_watch(struct http_peer *peer)
{
    peer->watch = (struct co_worker_watch){
        .fd = peer->fd, .fn = wake, .arg = peer, .edge = true, .writable = peer->wire.tls != NULL};
    peer->watched = co_worker_watch_start(&peer->watch) == 0;
}

void http_keepalive_begin(struct http_peer *peer)
{
    struct http_worker *worker = peer->worker;
    bool may_keep = peer->watched && !worker->stopping && worker->kept_alive < KEPT_ALIVE_MAX;
    /* Bytes that are here already cause no further edge. */
    bool has_more = http_wire_has_more(peer);
    if (!may_keep && !has_more)
        return;
    suspend(peer);
    /* A whole request is here: libmicrohttpd reads it through a resume. */
    if (!may_keep || (has_more && http_wire_fill(peer)))
        resume(peer);
}

void http_keepalive_end(struct http_peer *peer)
{
    if (peer->kept_alive)
        resume(peer);
    if (peer->watched)
        co_worker_watch_stop(&peer->watch);
    peer->watched = false;
}
