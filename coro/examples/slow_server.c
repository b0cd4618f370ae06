/* SPDX-License-Identifier: MIT */
#include "coro/examples/slow_server.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "coro/go.h"
#include "coro/net.h"

/* A request of these examples comes in one piece, and what it says makes no difference. */
GO_FUNCTION(answer, (struct slow_server *, server), (int, fd))
{
    static const char page[] = "HTTP/1.0 200 OK\r\n\r\nhello";
    char request[200];
    if (net_read(server->context, fd, request, sizeof request) > 0) {
        co_sleep(server->delay_ns);
        if (net_write(server->context, fd, page, strlen(page)) < 0)
            ensure(errno == EPIPE || errno == ECONNRESET || errno == ECANCELED); /* it left */
    }
    net_close(&fd);
}

GO_FUNCTION(serve, (struct slow_server *, server))
{
    for (int fd; (fd = net_accept(server->context, server->fd)) >= 0;)
        ensure(waitgroup_go(&server->busy, answer, server, fd));
    ensure(errno == ECANCELED);
}

void slow_server_start(struct slow_server *server)
{
    server->context = context_with_cancel(context_background());
    ensure(server->context);
    server->fd = net_listen(server->context, "127.0.0.1:0");
    ensure(server->fd >= 0);
    snprintf(server->address, sizeof server->address, "127.0.0.1:%d", net_port(server->fd));
    ensure(waitgroup_go(&server->busy, serve, server));
}

void slow_server_stop(struct slow_server *server)
{
    context_cancel(server->context);
    waitgroup_wait(&server->busy);
    context_release(&server->context);
    net_close(&server->fd);
}
