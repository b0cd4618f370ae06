/* SPDX-License-Identifier: MIT */
/* A connection as a stream, and who dials them. */
#include <openssl/err.h>
#include <string.h>

#include "coro/net.h"
#include "coro/poller.h"
#include "coro/tls/co_tls_private.h"
#include "coro/worker.h"

static ssize_t stream_read(
    struct co_context *context, struct co_stream *stream, void *buffer, size_t size)
{
    return co_tls_read(context, stream->of, buffer, size);
}

static bool all_small(const struct iovec *pieces, size_t count)
{
    size_t sum = 0;
    for (size_t i = 0; i < count && sum <= CO_TLS_JOINT; i++)
        sum += pieces[i].iov_len;
    return sum <= CO_TLS_JOINT;
}

/* In one record, and one packet, rather than one each. */
static int write_joint(
    struct co_context *context, struct co_tls *tls, struct iovec *pieces, size_t count)
{
    size_t length = 0;
    for (size_t i = 0; i < count; length += pieces[i++].iov_len)
        memcpy(tls->joint + length, pieces[i].iov_base, pieces[i].iov_len);
    if (co_tls_write(context, tls, tls->joint, length) < 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        pieces[i].iov_len = 0;
    return 0;
}

/* What was not sent cannot be told byte by byte here: a piece that failed counts as begun. */
static int stream_write(
    struct co_context *context, struct co_stream *stream, struct iovec *pieces, size_t count)
{
    struct co_tls *tls = stream->of;
    if (all_small(pieces, count)) {
        if (write_joint(context, tls, pieces, count) == 0)
            return 0;
        pieces[0].iov_len -= pieces[0].iov_len > 0;
        return -1;
    }
    for (size_t i = 0; i < count; i++) {
        if (co_tls_write(context, tls, pieces[i].iov_base, pieces[i].iov_len) < 0) {
            pieces[i].iov_len -= pieces[i].iov_len > 0;
            return -1;
        }
        pieces[i].iov_len = 0;
    }
    return 0;
}

static int stream_await(struct co_context *context, struct co_stream *stream)
{
    struct co_tls *tls = stream->of;
    if (SSL_has_pending(tls->ssl))
        return co_net_check(context);
    return co_net_wait(context, tls->fd, CO_POLLER_READ);
}

struct look {
    struct co_tls *tls;
    bool is_quiet;
};

/* A look that finds nothing but, say, a ticket for the next session, has taken that in. */
static void look(void *arg)
{
    struct look *look = arg;
    char byte;
    ERR_clear_error();
    int result = SSL_peek(look->tls->ssl, &byte, 1);
    look->is_quiet = result <= 0 && SSL_get_error(look->tls->ssl, result) == SSL_ERROR_WANT_READ;
    ERR_clear_error();
}

static bool stream_is_quiet(struct co_stream *stream)
{
    struct look it = {.tls = stream->of};
    if (it.tls->broken || it.tls->ended)
        return false;
    co_mutex_lock(&it.tls->turn);
    co_worker_call(look, &it);
    co_mutex_unlock(&it.tls->turn);
    return it.is_quiet;
}

static void stream_close(struct co_stream *stream)
{
    struct co_tls *tls = stream->of;
    co_tls_close(&tls);
}

struct co_stream co_tls_stream(struct co_tls *tls)
{
    static const struct co_stream_kind kind = {
        .read = stream_read,
        .write = stream_write,
        .await = stream_await,
        .is_quiet = stream_is_quiet,
        .close = stream_close,
    };
    return (struct co_stream){.kind = &kind, .fd = tls->fd, .of = tls};
}

static int dial(struct co_context *context, const struct co_stream_dialer *dialer,
    const char *address, const char *host, struct co_stream *stream, struct co_stream_why *why)
{
    int fd = co_net_dial(context, address);
    if (fd < 0)
        return -1;
    struct co_tls *tls = co_tls_connect(context, dialer->of, fd, host, why);
    if (!tls)
        return -1;
    *stream = co_tls_stream(tls);
    return 0;
}

struct co_stream_dialer co_tls_dialer(struct co_tls_config *config)
{
    return (struct co_stream_dialer){.dial = dial, .of = config};
}
