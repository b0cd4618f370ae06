/* SPDX-License-Identifier: MIT */
/*
 * libmicrohttpd's timeout counts from the last byte, so a client that sends one now and then would
 * hold a connection forever. Here each phase has an absolute limit; a sweep once a second shuts
 * those that are over it.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "coro/clock.h"
#include "server/http/http_private.h"

static const int64_t sweep_every_ns = CO_CLOCK_S, sweep_on_ns = 10 * CO_CLOCK_MS;
enum { CUT_MAX = 64 }; /* by one sweep: closing many in one go would keep others waiting */
/* Nobody is taken for idle earlier, after a request and before the first. */
static const int64_t rests_ns = CO_CLOCK_S, begins_ns = 5 * CO_CLOCK_S;

/* 0: not limited here; a handler's wait is bounded by its context. */
static const int64_t limit_ns[] = {
    [HTTP_CONNECTED] = 10 * CO_CLOCK_S,
    [HTTP_HEADERS] = 10 * CO_CLOCK_S,
    [HTTP_BODY] = 0, /* http_body.c has it */
    [HTTP_RUNNING] = 0,
    [HTTP_SENDING] = 30 * CO_CLOCK_S,
    [HTTP_LINGERING] = 5 * CO_CLOCK_S,
    [HTTP_IDLE] = 75 * CO_CLOCK_S,
};

/* ---- those that must go -------------------------------------------------------------------- */

/* Closing it is libmicrohttpd's business. */
static void cut(struct http_peer *peer)
{
    peer->is_evicted = true;
    (void)shutdown(peer->fd, SHUT_RDWR); /* libmicrohttpd sees it and closes */
}

static bool is_idle(const struct http_peer *peer, int64_t now_ns)
{
    /* Before its first request a client has more time than after an answer. */
    bool begins = peer->phase == HTTP_CONNECTED || peer->phase == HTTP_HEADERS;
    bool is_over = peer->phase == HTTP_IDLE || peer->phase == HTTP_LINGERING;
    int64_t idle_ns = now_ns - peer->since_ns;
    return !peer->is_evicted &&
           ((begins && idle_ns >= begins_ns) || (is_over && idle_ns >= rests_ns));
}

static bool is_counted_at(const struct http_peer *peer, const uint8_t *address)
{
    return peer->is_counted && memcmp(peer->address, address, ADDRESS_BYTES) == 0;
}

/* Close the connection that is idle for the longest time; `address` not NULL: of those that are
 * counted there. False: none is. */
static bool evict(struct http_worker *worker, const uint8_t *address)
{
    int64_t now_ns = co_clock_now_ns();
    /* The list is in order of phase changes: the longest idle come first. */
    for (struct http_peer *peer = worker->last_peer; peer; peer = peer->previous)
        if (is_idle(peer, now_ns) && (!address || is_counted_at(peer, address))) {
            cut(peer);
            http_count(&worker->counters.evicted, 1);
            return true;
        }
    return false;
}

/* Evicted connections count until they are closed, so `leaving` keeps from evicting too many. */
static void make_room(struct http_worker *worker)
{
    size_t leaving = 0;
    while (worker->peer_count - leaving > worker->http->max_peers && evict(worker, NULL))
        leaving++;
}

static bool is_late(const struct http_peer *peer, int64_t now_ns)
{
    int64_t limit = peer->phase == HTTP_BODY ? http_body_limit_ns(peer) : limit_ns[peer->phase];
    return limit && now_ns - peer->since_ns > limit;
}

static void sweep(void *arg)
{
    struct http_worker *worker = arg;
    int64_t now_ns = co_clock_now_ns(), next_ns = now_ns + sweep_every_ns;
    size_t late = 0;
    for (struct http_peer *peer = worker->last_peer; peer && late < CUT_MAX; peer = peer->previous)
        if (!peer->is_evicted && is_late(peer, now_ns)) {
            late++;
            cut(peer);
        }
    /* The rest soon, after others have had a turn. */
    if (late == CUT_MAX)
        next_ns = now_ns + sweep_on_ns;
    /* What comes now and then for other parts of a worker rides on the same timer. */
    make_room(worker);
    http_answer_sweep(worker);
    http_stream_sweep(worker, now_ns);
    worker->sweep_started = worker->peers || worker->streams;
    if (worker->sweep_started)
        co_timer_start(&worker->sweep, next_ns, sweep, worker);
}

void http_peer_cut(struct http_worker *worker)
{
    for (struct http_peer *peer = worker->peers; peer; peer = peer->next)
        /* A handler at work still gets to answer. */
        if (peer->phase != HTTP_RUNNING)
            (void)shutdown(peer->fd, SHUT_RDWR);
}

/* There is no memory for another connection: libmicrohttpd finds one in its place that is over. */
static void turn_away(struct http_worker *worker, int fd)
{
    (void)dup2(worker->ended, fd);
}

static void read_address(struct http_peer *peer)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(peer->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    http_client_of_peer(
        &peer->from, &peer->worker->http->options.clients, info ? info->client_addr : NULL);
    memcpy(peer->address, peer->from.address, ADDRESS_BYTES);
    address_shorten(peer->address);
}

/* Is there room for one more from its address? If not, one of those that are idle makes it, and is
 * counted until it is closed. */
static bool count_address(struct http_peer *peer)
{
    struct http_worker *worker = peer->worker;
    const struct http *http = worker->http;
    read_address(peer);
    if (!http->max_of_address || !peer->from.is_limited)
        return true;
    peer->is_counted = tally_add(&worker->addresses, peer->address, http->max_of_address);
    /* An address at its limit may trade an idle connection for this one. */
    if (!peer->is_counted && evict(worker, peer->address))
        peer->is_counted = tally_add(&worker->addresses, peer->address, SIZE_MAX);
    return peer->is_counted;
}

/* Places are few: an idle connection makes room, and if there is none, the last places are kept for
 * probes. */
static void find_place(struct http_peer *peer)
{
    struct http_worker *worker = peer->worker;
    if (!count_address(peer)) {
        http_wire_refuse_problem(
            peer, &problem_too_many, "Too many connections from this address are open.");
        return;
    }
    /* If none is idle, and the extra places are taken too, only probes are answered on it. */
    if (worker->peer_count > worker->http->max_peers && !evict(worker, NULL))
        peer->is_extra = worker->peer_count > worker->http->max_peers + worker->http->extra_peers;
}

static void add(struct http_worker *worker, struct MHD_Connection *connection, void **context)
{
    struct http_peer *peer = calloc(1, sizeof *peer);
    int fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    if (peer)
        *peer = (struct http_peer){.worker = worker, .connection = connection, .fd = fd};
    /* Without a peer no limit would hold for it. */
    if (!peer || !http_wire_add(peer)) {
        free(peer);
        turn_away(worker, fd);
        return;
    }
    http_peer_link(peer);
    worker->peer_count++;
    http_peer_enter(peer, HTTP_CONNECTED);
    *context = peer;
    http_keepalive_watch(peer);
    http_count(&worker->counters.connections, 1);
    if (!worker->sweep_started) {
        worker->sweep_started = true;
        co_timer_start(&worker->sweep, peer->since_ns + sweep_every_ns, sweep, worker);
    }
    find_place(peer);
}

static void end(struct http_worker *worker, struct http_peer *peer)
{
    /* Everything that points at the peer lets go before it is freed. */
    http_keepalive_end(peer);
    http_linger_end(peer);
    http_exchange_lose(peer); /* libmicrohttpd does not tell of each request that it is over */
    http_wire_remove(peer);
    if (peer->is_counted)
        tally_remove(&worker->addresses, peer->address);
    http_peer_unlink(peer);
    worker->peer_count--;
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
    /* None: it was turned away at its start. */
    if (*context)
        end(worker, *context);
    *context = NULL;
    http_pump_soon(worker); /* at its limit libmicrohttpd looks for new connections when it runs */
}
