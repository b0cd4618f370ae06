/* SPDX-License-Identifier: MIT */
/*
 * Between two requests a connection rests: libmicrohttpd has it suspended, and it is watched here.
 * Left alone, libmicrohttpd would add the socket to its epoll set after each answer and take it out
 * again when the next request is suspended: two system calls, a twelfth of the processor time of a
 * transfer.
 *
 * What libmicrohttpd has read already, nobody would look at meanwhile. So it only rests if all that
 * the client has sent is answered: the bytes of its requests are counted, and compared with what
 * the kernel has received. A request that cannot be counted ends that for its connection.
 *
 * libmicrohttpd looks whether a connection is suspended before each step of it, so this may be said
 * in the callback of a request's end; 0.9.75 and 1.0 are alike in that.
 */
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "server/http_worker.h"

/* Each run of libmicrohttpd looks at all that is suspended, so not everybody may rest. */
enum { RESTING_MAX = 1024 };

static void wake(void *arg)
{
    struct http_peer *peer = arg;
    if (!peer->resting)
        return; /* libmicrohttpd is reading it */
    peer->resting = false;
    peer->worker->resting--;
    MHD_resume_connection(peer->connection);
    http_pump_soon(peer->worker);
}

void http_rest_watch(struct http_peer *peer)
{
    peer->watch = (struct worker_watch){.fd = peer->fd, .fn = wake, .arg = peer, .edge = true};
    peer->watched = worker_watch_start(&peer->watch) == 0;
}

void http_rest_count(struct http_exchange *exchange)
{
    struct http_peer *peer = exchange->peer;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    peer->uncounted |= !info || exchange->transfer_encoding;
    if (!peer->uncounted)
        peer->taken += info->header_size + exchange->content_length;
    exchange->may_rest &= peer->watched && !peer->uncounted;
}

/* So many bytes; another number than any if its end has come too: that was told while nobody
 * looked, and will not be told again. */
static uint64_t received(int fd)
{
    enum { ESTABLISHED = 1 }; /* netinet/tcp.h has it, and does not go with linux/tcp.h */
    struct tcp_info info;
    socklen_t size = sizeof info;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0 ||
        size < offsetof(struct tcp_info, tcpi_bytes_received) + sizeof info.tcpi_bytes_received ||
        info.tcpi_state != ESTABLISHED)
        return UINT64_MAX;
    return info.tcpi_bytes_received;
}

void http_rest_begin(struct http_peer *peer)
{
    struct http_worker *worker = peer->worker;
    if (worker->stopping || worker->resting == RESTING_MAX)
        return;
    peer->resting = true;
    worker->resting++;
    MHD_suspend_connection(peer->connection);
    if (received(peer->fd) != peer->taken)
        wake(peer); /* resumed, it is read at once */
}

void http_rest_end(struct http_peer *peer)
{
    wake(peer);
    if (peer->watched)
        worker_watch_stop(&peer->watch);
    peer->watched = false;
}
