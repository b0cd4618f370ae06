/* SPDX-License-Identifier: MIT */
/* The kernel throws away what is asked for with MSG_TRUNC, without a copy of it. libmicrohttpd is
 * told of the end as of any other: the socket is shut down, and it finds the wire to be over. */
#include "server/http/http_linger.h"

#include <errno.h>
#include <sys/socket.h>

#include "coro/clock.h"
#include "server/http/http_private.h"

/* A twentieth of the time. */
static const int64_t tick_ns = 10 * CO_CLOCK_MS, turn_ns = CO_CLOCK_MS / 2;

enum { PIECE = 64 * 1024 };

static void take_out(struct http_lingering *all, struct http_peer *peer)
{
    *(peer->linger_previous ? &peer->linger_previous->linger_next : &all->first) =
        peer->linger_next;
    *(peer->linger_next ? &peer->linger_next->linger_previous : &all->last) = peer->linger_previous;
    peer->linger_next = peer->linger_previous = NULL;
}

static void push_last(struct http_lingering *all, struct http_peer *peer)
{
    peer->linger_previous = all->last;
    *(all->last ? &all->last->linger_next : &all->first) = peer;
    all->last = peer;
}

/* A piece of what has come of this one. */
static void drop_some(struct http_peer *peer)
{
    ssize_t got = recvfrom(peer->fd, NULL, PIECE, MSG_TRUNC | MSG_DONTWAIT, NULL, NULL);
    if (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR)))
        return;
    http_linger_end(peer);
    peer->wire.state = HTTP_WIRE_OVER;
    (void)shutdown(peer->fd, SHUT_RDWR);
}

static void look(void *arg);

static void look_later(struct http_worker *worker, int64_t now_ns)
{
    struct http_lingering *all = &worker->lingering;
    all->timer_started = true;
    co_timer_start(&all->timer, now_ns + tick_ns, look, worker);
}

/* Each gets its turn once, or as many as there is time for. */
static void look(void *arg)
{
    struct http_worker *worker = arg;
    struct http_lingering *all = &worker->lingering;
    int64_t now_ns = co_clock_now_ns(), until_ns = now_ns + turn_ns;
    /* One round: those that linger on are pushed behind the end. */
    struct http_peer *end = all->last;
    all->timer_started = false;
    for (bool more = all->first != NULL; more && now_ns < until_ns; now_ns = co_clock_now_ns()) {
        struct http_peer *peer = all->first;
        more = peer != end;
        /* To the back before it is read, for drop_some() may end it. */
        take_out(all, peer);
        push_last(all, peer);
        drop_some(peer);
    }
    if (all->first)
        look_later(worker, now_ns);
}

void http_linger_begin(struct http_peer *peer)
{
    struct http_worker *worker = peer->worker;
    if (peer->lingers)
        return;
    peer->lingers = true;
    push_last(&worker->lingering, peer);
    if (!worker->lingering.timer_started)
        look_later(worker, co_clock_now_ns());
}

void http_linger_end(struct http_peer *peer)
{
    struct http_lingering *all = &peer->worker->lingering;
    if (!peer->lingers)
        return;
    peer->lingers = false;
    take_out(all, peer);
    if (!all->first && all->timer_started) {
        (void)co_timer_stop(&all->timer);
        all->timer_started = false;
    }
}
