/* SPDX-License-Identifier: MIT */
#include "tests/coro/script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "coro/clock.h"
#include "coro/go.h"
#include "coro/net.h"

static void keep(struct script *script, const char *heard, size_t length)
{
    co_mutex_lock(&script->mutex);
    memcpy(script->heard, heard, length + 1);
    co_mutex_unlock(&script->mutex);
}

void script_heard(struct script *script, char heard[SCRIPT_HEARD])
{
    co_mutex_lock(&script->mutex);
    memcpy(heard, script->heard, SCRIPT_HEARD);
    co_mutex_unlock(&script->mutex);
}

/* All up to the empty line, and the body that Content-Length says. False: it left. */
static bool hear(struct script *script, struct co_stream *stream)
{
    char heard[SCRIPT_HEARD];
    for (size_t used = 0;;) {
        ssize_t n = co_stream_read(script->context, stream, heard + used, sizeof heard - 1 - used);
        if (n <= 0)
            return false;
        used += (size_t)n;
        heard[used] = '\0';
        const char *end = strstr(heard, "\r\n\r\n"), *length = strstr(heard, "Content-Length: ");
        if (end &&
            used >= (size_t)(end - heard) + 4 + (length ? strtoul(length + 16, NULL, 10) : 0)) {
            keep(script, heard, used);
            return true;
        }
    }
}

static bool say(struct script *script, struct co_stream *stream, const struct turn *turn)
{
    size_t length = turn->says ? strlen(turn->says) : 0, step = turn->in_bytes ? 1 : length;
    for (size_t at = 0; at < length; at += step) {
        struct iovec piece = {(void *)(uintptr_t)(turn->says + at), step};
        if (co_stream_write(script->context, stream, &piece, 1) < 0)
            return false;
        if (turn->in_bytes)
            co_sleep(CO_CLOCK_MS / 10);
    }
    return turn->then == KEEP && turn->says;
}

CO_GO_FUNCTION(converse, (struct script *, script), (int, fd))
{
    const struct linger immediately = {.l_onoff = 1};
    struct co_stream stream = co_stream_of(fd);
    bool goes_on = true;
    if (script->tls) {
        struct co_tls *tls = co_tls_accept(script->context, script->tls, fd, NULL);
        if (!tls)
            return;
        stream = co_tls_stream(tls);
    }
    while (goes_on && hear(script, &stream)) {
        const struct turn *turn = &script->turns[script->requests++];
        goes_on = say(script, &stream, turn);
        if (turn->then == RESET)
            setsockopt(stream.fd, SOL_SOCKET, SO_LINGER, &immediately, sizeof immediately);
    }
    co_stream_close(&stream);
    script->closed++;
}

void script_await_closed(struct script *script, int closed)
{
    while (script->closed < closed)
        co_sleep(CO_CLOCK_MS);
}

CO_GO_FUNCTION(serve, (struct script *, script))
{
    for (int fd; (fd = co_net_accept(script->context, script->listener)) >= 0;
         script->connections++)
        co_ensure(co_waitgroup_go(&script->serving, converse, script, fd));
}

void script_start(struct script *script, const char *at, const struct turn *turns)
{
    script->turns = turns;
    script->context = co_context_with_cancel(co_context_background());
    script->listener = co_net_listen(co_context_background(), at);
    co_ensure(script->listener >= 0);
    snprintf(script->url, sizeof script->url, "%s://%s:%d/", script->tls ? "https" : "http",
        strchr(at, '[') ? "[::1]"
        : script->tls   ? "localhost"
                        : "127.0.0.1",
        co_net_port(script->listener));
    co_ensure(co_waitgroup_go(&script->serving, serve, script));
}

void script_stop(struct script *script)
{
    co_context_cancel(script->context);
    co_waitgroup_wait(&script->serving);
    co_context_release(&script->context);
    co_net_close(&script->listener);
}
