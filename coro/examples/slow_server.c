/* SPDX-License-Identifier: MIT */
#include "coro/examples/slow_server.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "coro/co.h"
#include "coro/poller.h"

struct visit {
    struct slow_server *server;
    int fd;
};

/* A request of this example comes in one piece, and what it says makes no difference. */
static void answer(void *arg)
{
    static const char page[] = "HTTP/1.0 200 OK\r\n\r\nhello";
    struct visit *visit = arg;
    char request[200];
    if (poller_wait(visit->server->context, visit->fd, POLLER_READ) == POLLER_READY &&
        read(visit->fd, request, sizeof request) > 0) {
        co_sleep(visit->server->delay_ns);
        ensure(write(visit->fd, page, strlen(page)) > 0);
    }
    poller_forget(visit->fd);
    close(visit->fd);
    waitgroup_done(&visit->server->busy);
    free(visit);
}

static void serve(void *arg)
{
    struct slow_server *server = arg;
    while (poller_wait(server->context, server->fd, POLLER_READ) == POLLER_READY) {
        struct visit *visit = malloc(sizeof *visit);
        ensure(visit);
        *visit = (struct visit){server, accept4(server->fd, NULL, NULL, SOCK_NONBLOCK)};
        ensure(visit->fd >= 0);
        waitgroup_add(&server->busy, 1);
        ensure(co_spawn(answer, visit));
    }
    waitgroup_done(&server->busy);
}

void slow_server_start(struct slow_server *server)
{
    socklen_t size = sizeof server->address;
    struct sockaddr *address = (struct sockaddr *)&server->address;
    server->address.sin_family = AF_INET;
    server->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    server->context = context_with_cancel(context_background());
    ensure(server->context && bind(server->fd, address, size) == 0);
    ensure(listen(server->fd, SOMAXCONN) == 0 && getsockname(server->fd, address, &size) == 0);
    waitgroup_add(&server->busy, 1);
    ensure(co_spawn(serve, server));
}

void slow_server_stop(struct slow_server *server)
{
    context_cancel(server->context);
    waitgroup_wait(&server->busy);
    context_release(&server->context);
    poller_forget(server->fd);
    close(server->fd);
}
