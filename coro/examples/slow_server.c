/* SPDX-License-Identifier: MIT */
#include "coro/examples/slow_server.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "coro/go.h"
#include "coro/net.h"

/* A request of these examples comes in one piece, and what it says makes no difference. */
CO_GO_FUNCTION(answer, (struct slow_server *, server), (int, fd))
{
    static const char page[] = "HTTP/1.0 200 OK\r\n\r\nhello";
    char request[200];
    if (co_net_read(server->context, fd, request, sizeof request) > 0) {
        co_sleep(server->delay_ns);
        if (co_net_write(server->context, fd, page, strlen(page)) < 0)
            co_ensure(errno == EPIPE || errno == ECONNRESET || errno == ECANCELED); /* it left */
    }
    co_net_close(&fd);
}

CO_GO_FUNCTION(serve, (struct slow_server *, server))
{
    for (int fd; (fd = co_net_accept(server->context, server->fd)) >= 0;)
        co_ensure(co_waitgroup_go(&server->busy, answer, server, fd));
    co_ensure(errno == ECANCELED);
}

void slow_server_start(struct slow_server *server)
{
    server->context = co_context_with_cancel(co_context_background());
    co_ensure(server->context);
    server->fd = co_net_listen(server->context, "127.0.0.1:0");
    co_ensure(server->fd >= 0);
    snprintf(server->url, sizeof server->url, "http://127.0.0.1:%d/", co_net_port(server->fd));
    co_ensure(co_waitgroup_go(&server->busy, serve, server));
}

void slow_server_stop(struct slow_server *server)
{
    co_context_cancel(server->context);
    co_waitgroup_wait(&server->busy);
    co_context_release(&server->context);
    co_net_close(&server->fd);
}
