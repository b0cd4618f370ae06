/* SPDX-License-Identifier: MIT */
/* The connections of a worker, those that changed their phase last first; and who is at their other
 * side. */
#include "coro/clock.h"
#include "server/http/http_private.h"

struct http_peer *http_peer_of(struct MHD_Connection *connection)
{
    return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

void http_peer_link(struct http_peer *peer)
{
    struct http_worker *worker = peer->worker;
    peer->next = worker->peers;
    peer->previous = NULL;
    *(peer->next ? &peer->next->previous : &worker->last_peer) = peer;
    worker->peers = peer;
}

void http_peer_unlink(struct http_peer *peer)
{
    struct http_worker *worker = peer->worker;
    *(peer->previous ? &peer->previous->next : &worker->peers) = peer->next;
    *(peer->next ? &peer->next->previous : &worker->last_peer) = peer->previous;
}

void http_peer_enter(struct http_peer *peer, enum http_phase phase)
{
    peer->phase = phase;
    peer->since_ns = co_clock_now_ns();
    if (peer->worker->peers == peer)
        return;
    http_peer_unlink(peer);
    http_peer_link(peer);
}

void http_peer_look(struct http_peer *peer, const struct http_head *head, const char *bytes)
{
    struct http_worker *worker = peer->worker;
    http_echo_read(&peer->echo, worker->http->options.cors, &worker->ids, head, bytes);
    http_client_of_head(
        &peer->echo.client, &peer->from, &worker->http->options.clients, head, bytes);
}
