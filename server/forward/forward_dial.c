/* SPDX-License-Identifier: MIT */
#include "server/forward/forward_dial.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "coro/clock.h"
#include "coro/net.h"

enum { PATIENCE_MS = 2000 };

struct forward_trust {
    struct co_tls_config *config;
    int holders;
};

/* ---- what is trusted ----------------------------------------------------------------------- */

/* NULL: there is none. */
static struct forward_trust *hold(struct forward_dial *dial)
{
    co_lock_take(&dial->lock);
    struct forward_trust *trust = dial->trust;
    if (trust)
        trust->holders++;
    co_lock_drop(&dial->lock);
    return trust;
}

static void let_go(struct forward_dial *dial, struct forward_trust *trust)
{
    if (!trust)
        return;
    co_lock_take(&dial->lock);
    bool last = --trust->holders == 0;
    co_lock_drop(&dial->lock);
    if (!last)
        return;
    co_tls_config_free(&trust->config);
    free(trust);
}

bool forward_dial_read(struct forward_dial *dial, char *error, size_t size)
{
    struct co_stream_why why = {.text = ""};
    if (!dial->speaks_tls)
        return true;
    struct forward_trust *trust = calloc(1, sizeof *trust);
    if (trust)
        trust->config = co_tls_client(&dial->files, &why);
    if (!trust || !trust->config) {
        snprintf(error, size, "TLS to other servers: %s", *why.text ? why.text : strerror(errno));
        free(trust);
        return false;
    }
    trust->holders = 1;
    co_lock_take(&dial->lock);
    struct forward_trust *before = dial->trust;
    dial->trust = trust;
    co_lock_drop(&dial->lock);
    let_go(dial, before);
    return true;
}

void forward_dial_end(struct forward_dial *dial)
{
    let_go(dial, dial->trust);
    dial->trust = NULL;
}

/* ---- dialling ------------------------------------------------------------------------------ */

/* A way that is cut without a word is noticed within half a minute, also by what only listens. */
static void keep_alive(int fd)
{
    static const int on = 1, idle_s = 15, each_s = 5, probes = 3;
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &each_s, sizeof each_s);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
}

static int dial_plain(struct co_context *context, const struct co_stream_dialer *dialer,
    const char *address, const char *host, struct co_stream *stream, struct co_stream_why *why)
{
    (void)dialer, (void)host, (void)why;
    struct co_context *patience = co_context_with_timeout(context, PATIENCE_MS * CO_CLOCK_MS);
    if (!patience) {
        errno = ENOMEM;
        return -1;
    }
    int fd = co_net_dial(patience, address);
    int error = errno;
    co_context_release(&patience);
    *stream = co_stream_of(fd);
    if (fd >= 0)
        keep_alive(fd);
    errno = error;
    return fd < 0 ? -1 : 0;
}

static int dial_secret(struct co_context *context, const struct co_stream_dialer *dialer,
    const char *address, const char *host, struct co_stream *stream, struct co_stream_why *why)
{
    struct forward_dial *dial = dialer->of;
    struct co_context *patience = co_context_with_timeout(context, PATIENCE_MS * CO_CLOCK_MS);
    struct forward_trust *trust = hold(dial);
    int result = -1, error = ENOMEM;
    if (patience && trust) {
        struct co_stream_dialer tls = co_tls_dialer(trust->config);
        result = tls.dial(patience, &tls, address, host, stream, why);
        error = errno;
        if (result == 0)
            keep_alive(stream->fd);
    }
    let_go(dial, trust);
    if (patience)
        co_context_release(&patience);
    errno = error;
    return result;
}

struct co_stream_dialer forward_dial_plain(struct forward_dial *dial)
{
    return (struct co_stream_dialer){.dial = dial_plain, .of = dial};
}

struct co_stream_dialer forward_dial_secret(struct forward_dial *dial)
{
    return (struct co_stream_dialer){.dial = dial_secret, .of = dial};
}
