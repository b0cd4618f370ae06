/* SPDX-License-Identifier: MIT */
#include "server/http/http.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "server/http/http_private.h"
#include "server/http/listen.h"

/* How much of a worker's time all its streams have, in percent: while requests come, and else. */
enum { CONNECTION_MEMORY = 8 * 1024, STREAM_PERCENT = 5, STREAM_ALONE_PERCENT = 25 };

static const struct cors no_cors;

static const int64_t look_every_ns = 5 * CO_CLOCK_MS;
static const int64_t unread_ns = 2 * CO_CLOCK_S; /* a client may let its last answer wait so long */
static const int64_t beginning_ns = CO_CLOCK_S;  /* what has connected may say what it wants */
static const int64_t accepting_ns = CO_CLOCK_S;  /* at the stop, and the places may all be taken */
static const int64_t quiet_ns = 50 * CO_CLOCK_MS; /* what is on its way at the stop still gets in */

/* ---- driving libmicrohttpd ----------------------------------------------------------------- */

static struct MHD_Daemon *make_daemon(struct http_worker *worker, int socket)
{
    const struct http *http = worker->http;
    /* No thread of its own: http_pump() drives it whenever its epoll descriptor is ready. */
    const unsigned flags =
        MHD_USE_EPOLL | MHD_USE_TURBO | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_SUPPRESS_DATE_NO_CLOCK;
    return MHD_start_daemon(flags, 0, NULL, NULL, http_exchange_go_on, worker,
        MHD_OPTION_LISTEN_SOCKET, socket,                       /**/
        MHD_OPTION_NOTIFY_COMPLETED, http_exchange_end, worker, /**/
        MHD_OPTION_NOTIFY_CONNECTION, http_peer_notify, worker, /**/
        MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)(http->max_peers + http->extra_peers + http->vital_peers),
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
        MHD_OPTION_CONNECTION_TIMEOUT, 0U, /* http_peer.c does it */
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
}

/* See http_private.h; -1: there are no descriptors left. */
static int open_ended(void)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
        return -1;
    close(ends[1]);
    return ends[0];
}

static void start_worker(int index, void *arg)
{
    struct http *http = arg;
    struct http_worker *worker = &http->workers[index];
    worker->http = http;
    worker->begin = http_exchange_begin;
    worker->lose = http_exchange_lose;
    request_ids_begin(&worker->ids);
    if (http->options.identity)
        worker->identity = tls_identity_keep(http->options.identity);
    share_init(&worker->stream_share, STREAM_PERCENT, STREAM_ALONE_PERCENT);
    worker->ended = open_ended();
    /* A worker that fails here has no daemon, which http_start() sees. */
    if (!http_wire_open() || worker->ended < 0)
        return;
    worker->socket = http->options.sockets[index];
    worker->daemon = make_daemon(worker, worker->socket);
    if (!worker->daemon)
        return;
    /* One epoll set within another: the runtime's poller watches libmicrohttpd's. */
    int fd = MHD_get_daemon_info(worker->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    worker->watch = (struct co_worker_watch){.fd = fd, .fn = http_pump, .arg = worker};
    if (co_worker_watch_start(&worker->watch) != 0) {
        MHD_stop_daemon(worker->daemon);
        worker->daemon = NULL;
        return;
    }
    http_pump(worker); /* begins to listen */
}

/* At least one, or nobody could be served at all. */
static size_t at_most(size_t wanted, size_t most)
{
    return wanted < most ? wanted : most > 0 ? most : 1;
}

/* Where descriptors end before places do, accept() fails: an idle client would keep its place, and
 * nobody else would get in. So there are no more places than descriptors. */
static void fit(struct http *http)
{
    size_t each = http->options.max_descriptors / (size_t)http->worker_count;
    size_t wanted = http->max_peers + HTTP_PEERS_EXTRA + HTTP_PEERS_VITAL + http->max_streams;
    http->extra_peers = HTTP_PEERS_EXTRA;
    http->vital_peers = HTTP_PEERS_VITAL;
    if (http->options.max_descriptors == 0 || wanted <= each)
        return;
    /* Half for connections, a quarter for streams, the rest so that probes get in. */
    http->max_peers = at_most(http->max_peers, each / 2);
    http->max_streams = at_most(http->max_streams, each / 4);
    http->extra_peers = at_most(http->extra_peers, each / 8);
    http->vital_peers = at_most(http->vital_peers, each / 8);
}

bool http_start(
    struct http **http_at, const struct http_options *options, char *error, size_t error_size)
{
    struct http *http = calloc(1, sizeof *http);
    struct http_worker *workers = calloc((size_t)co_worker_count(), sizeof *workers);
    co_ensure(http && workers);
    size_t count = (size_t)co_worker_count();
    /* Limits are per worker, rounded up: nothing is shared on the way of a request. */
    *http = (struct http){.options = *options,
        .worker_count = co_worker_count(),
        .workers = workers,
        .max_exchanges = (options->max_requests + count - 1) / count,
        .max_peers = (options->max_connections + count - 1) / count,
        .max_of_sender = (options->max_of_sender + count - 1) / count,
        .max_of_address = (options->max_of_address + count - 1) / count,
        .max_streams = (options->max_streams + count - 1) / count,
        .max_streams_of_token = (options->max_streams_of_token + count - 1) / count};
    if (!options->cors)
        http->options.cors = &no_cors;
    http->of_sender = rate_make();
    http->of_address = rate_make();
    co_ensure(http->of_sender && http->of_address);
    fit(http);
    /* Before a worker accepts: a handler may look at it. */
    *http_at = http;
    co_worker_each(start_worker, http);
    http->options.sockets = NULL; /* the array is the caller's */
    for (size_t i = 0; i < count; i++)
        if (!workers[i].daemon) {
            snprintf(error, error_size, "libmicrohttpd did not start");
            http_stop(http_at);
            return false;
        }
    return true;
}

struct new_identity {
    struct http *http;
    struct tls_identity *identity;
};

static void set_identity(int index, void *arg)
{
    struct new_identity *change = arg;
    struct http_worker *worker = &change->http->workers[index];
    tls_identity_release(&worker->identity);
    worker->identity = tls_identity_keep(change->identity);
}

void http_set_identity(struct http *http, struct tls_identity *identity)
{
    co_ensure(http->options.identity);
    co_worker_each(set_identity, &(struct new_identity){http, identity});
}

/* ---- stopping ------------------------------------------------------------------------------ */

/* Those that have begun to connect get in, and each answer from now on is its connection's last. */
static void begin_stop(int index, void *arg)
{
    struct http *http = arg;
    struct http_worker *worker = &http->workers[index];
    if (!worker->daemon)
        return;
    worker->stopping = true;
    if (!http->options.sockets_go_on)
        listen_begin_none(worker->socket);
    /* A stream would never end by itself. */
    for (struct http_stream *stream = worker->streams; stream; stream = stream->next)
        http_stream_stop(stream);
    http_pump(worker);
}

static bool has_waiting(const struct http *http)
{
    for (int i = 0; i < http->worker_count; i++)
        if (http->workers[i].daemon && listen_has_waiting(http->workers[i].socket))
            return true;
    return false;
}

/* What is on its way is waited for, and then as long as there is room for what waits. */
static void await_connections(const struct http *http)
{
    int64_t since_ns = co_clock_now_ns(), waited_ns = 0;
    for (; waited_ns < quiet_ns || (has_waiting(http) && waited_ns < accepting_ns);
         waited_ns = co_clock_now_ns() - since_ns)
        co_sleep(look_every_ns);
}

static void quiesce_worker(int index, void *arg)
{
    struct http_worker *worker = &((struct http *)arg)->workers[index];
    if (!worker->daemon)
        return;
    /* The quiet before the end counts from here. */
    worker->last_request_ns = co_clock_now_ns();
    /* No new connections from now on; those that are open are served to their end. */
    int socket = MHD_quiesce_daemon(worker->daemon);
    if (socket != MHD_INVALID_SOCKET)
        close(socket);
    http_pump(worker);
}

struct census {
    struct http *http;
    int64_t since_ns;
    _Atomic bool busy;
};

/* Does any begin its first request, or may it? Not for long. */
static bool is_beginning(const struct http_worker *worker)
{
    for (const struct http_peer *peer = worker->peers; peer; peer = peer->next)
        if (peer->phase == HTTP_CONNECTED || peer->phase == HTTP_HEADERS)
            return true;
    return false;
}

static void count_worker(int index, void *arg)
{
    struct census *census = arg;
    struct http_worker *worker = &census->http->workers[index];
    int64_t now_ns = co_clock_now_ns();
    /* A request may be in the socket's buffer still: some quiet is awaited. */
    if (worker->exchanges > 0 || worker->streams || now_ns - worker->last_request_ns < quiet_ns)
        atomic_store(&census->busy, true);
    if (now_ns - census->since_ns < beginning_ns && is_beginning(worker))
        atomic_store(&census->busy, true);
    /* A client that does not read cannot hold the stop up. */
    if (now_ns - census->since_ns > unread_ns)
        http_peer_cut(worker);
}

static bool is_busy(struct http *http, int64_t since_ns)
{
    struct census census = {.http = http, .since_ns = since_ns};
    co_worker_each(count_worker, &census);
    return atomic_load(&census.busy);
}

static void stop_worker(int index, void *arg)
{
    struct http_worker *worker = &((struct http *)arg)->workers[index];
    if (worker->daemon) {
        co_worker_watch_stop(&worker->watch);
        /* libmicrohttpd must not be stopped while it has suspended connections. */
        for (struct http_peer *peer = worker->peers; peer; peer = peer->next)
            http_keepalive_end(peer);
        MHD_stop_daemon(worker->daemon);
    }
    share_end_all(&worker->stream_share);
    http_turn_end_all(worker);
    if (worker->again_started)
        co_timer_stop(&worker->again);
    if (worker->sweep_started)
        co_timer_stop(&worker->sweep);
    http_wire_close();
    if (worker->ended >= 0)
        close(worker->ended);
    tls_identity_release(&worker->identity);
    /* Last, when no connection can refer to one. */
    while (worker->pool) {
        struct http_exchange *next = worker->pool->next;
        free(worker->pool);
        worker->pool = next;
    }
}

void http_stop(struct http **http_at)
{
    struct http *http = *http_at;
    co_worker_each(begin_stop, http);
    if (!http->options.sockets_go_on)
        await_connections(http);
    co_worker_each(quiesce_worker, http);
    int64_t since_ns = co_clock_now_ns();
    /* What was accepted is answered first. */
    while (is_busy(http, since_ns))
        co_sleep(look_every_ns);
    co_worker_each(stop_worker, http);
    *http_at = NULL; /* no handler is left to use it */
    rate_free(&http->of_sender);
    rate_free(&http->of_address);
    free(http->workers);
    free(http);
}

/* ---- figures ------------------------------------------------------------------------------- */

static uint64_t read_counter(_Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

void http_read_figures(struct http *http, struct http_figures *figures)
{
    memset(figures, 0, sizeof *figures);
    figures->answer_bytes = atomic_load(&http->answer_bytes);
    figures->body_bytes = atomic_load(&http->body_bytes);
    for (int i = 0; i < http->worker_count; i++) {
        struct http_counters *counters = &http->workers[i].counters;
        for (int status = 0; status < HTTP_STATUSES; status++)
            figures->requests[status] += read_counter(&counters->requests[status]);
        figures->in_flight += read_counter(&counters->in_flight);
        figures->connections += read_counter(&counters->connections);
        figures->streams += read_counter(&counters->streams);
        figures->unread += read_counter(&counters->unread);
        figures->evicted += read_counter(&counters->evicted);
        figures->limited_senders += read_counter(&counters->limited_senders);
        figures->limited_addresses += read_counter(&counters->limited_addresses);
        figures->limited_streams += read_counter(&counters->limited_streams);
    }
}
