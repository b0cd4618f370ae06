/* SPDX-License-Identifier: MIT */
/*
 * libmicrohttpd's timeout counts from the last byte, so a client that sends one now and then would
 * hold a connection for ever. Here each phase has an absolute limit; a sweep once a second shuts
 * those that are over it.
 */
#include <stdlib.h>
#include <sys/socket.h>

#include "coro/clock.h"
#include "server/http_worker.h"

static const int64_t sweep_every_ns = CLOCK_S;

/* 0: not limited here; a handler's wait is bounded by its context. */
static const int64_t limit_ns[] = {
    [HTTP_CONNECTED] = 10 * CLOCK_S,
    [HTTP_HEADERS] = 10 * CLOCK_S,
    [HTTP_BODY] = 10 * CLOCK_S,
    [HTTP_RUNNING] = 0,
    [HTTP_SENDING] = 30 * CLOCK_S,
    [HTTP_LINGERING] = 5 * CLOCK_S,
    [HTTP_IDLE] = 75 * CLOCK_S,
};

struct http_peer *http_peer_of(struct MHD_Connection *connection)
{
    return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

void http_peer_enter(struct http_peer *peer, enum http_phase phase)
{
    peer->phase = phase;
    peer->since_ns = clock_now_ns();
}

static void sweep(void *arg)
{
    struct http_worker *worker = arg;
    int64_t now_ns = clock_now_ns();
    for (struct http_peer *peer = worker->peers; peer; peer = peer->next)
        if (limit_ns[peer->phase] && now_ns - peer->since_ns > limit_ns[peer->phase])
            (void)shutdown(peer->fd, SHUT_RDWR); /* libmicrohttpd sees it and closes */
    http_stream_sweep(worker, now_ns);
    worker->sweep_started = worker->peers || worker->streams;
    if (worker->sweep_started)
        timer_start(&worker->sweep, now_ns + sweep_every_ns, sweep, worker);
}

void http_peer_cut(struct http_worker *worker)
{
    for (struct http_peer *peer = worker->peers; peer; peer = peer->next)
        if (peer->phase != HTTP_RUNNING)
            (void)shutdown(peer->fd, SHUT_RDWR);
}

/* There is no memory for another connection: libmicrohttpd finds one in its place that is over. */
static void turn_away(struct http_worker *worker, int fd)
{
    (void)dup2(worker->ended, fd);
}

static void add(struct http_worker *worker, struct MHD_Connection *connection, void **context)
{
    struct http_peer *peer = calloc(1, sizeof *peer);
    int fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    if (peer)
        *peer = (struct http_peer){.worker = worker, .connection = connection, .fd = fd};
    if (!peer || !http_wire_add(peer)) {
        free(peer);
        turn_away(worker, fd);
        return;
    }
    peer->next = worker->peers;
    http_peer_enter(peer, HTTP_CONNECTED);
    if (worker->peers)
        worker->peers->previous = peer;
    worker->peers = peer;
    *context = peer;
    http_rest_watch(peer);
    http_count(&worker->counters.connections, 1);
    if (!worker->sweep_started) {
        worker->sweep_started = true;
        timer_start(&worker->sweep, peer->since_ns + sweep_every_ns, sweep, worker);
    }
}

static void end(struct http_worker *worker, struct http_peer *peer)
{
    http_rest_end(peer);
    http_exchange_lose(peer); /* libmicrohttpd does not tell of each request that it is over */
    http_wire_remove(peer);
    *(peer->previous ? &peer->previous->next : &worker->peers) = peer->next;
    if (peer->next)
        peer->next->previous = peer->previous;
    free(peer);
    http_count(&worker->counters.connections, (uint64_t)-1);
}

void http_peer_notify(void *worker_arg, struct MHD_Connection *connection, void **context,
    enum MHD_ConnectionNotificationCode code)
{
    struct http_worker *worker = worker_arg;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        add(worker, connection, context);
        return;
    }
    if (*context)
        end(worker, *context);
    *context = NULL;
    http_pump_soon(worker); /* at its limit libmicrohttpd looks for new connections when it runs */
}
