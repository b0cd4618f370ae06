/* SPDX-License-Identifier: MIT */
/* Streams: the calls go to the kind; the plain kind is net.h over a descriptor. */
#include "coro/stream.h"

#include <errno.h>
#include <sys/socket.h>

#include "coro/net.h"
#include "coro/poller.h"

ssize_t co_stream_read(
    struct co_context *context, struct co_stream *stream, void *buffer, size_t size)
{
    return stream->kind->read(context, stream, buffer, size);
}

int co_stream_write(
    struct co_context *context, struct co_stream *stream, struct iovec *pieces, size_t count)
{
    return stream->kind->write(context, stream, pieces, count);
}

int co_stream_await(struct co_context *context, struct co_stream *stream)
{
    return stream->kind->await(context, stream);
}

bool co_stream_is_quiet(struct co_stream *stream)
{
    return stream->kind->is_quiet(stream);
}

void co_stream_close(struct co_stream *stream)
{
    if (stream->kind)
        stream->kind->close(stream);
    *stream = (struct co_stream){.fd = -1};
}

/* --- a descriptor as it is -------------------------------------------------------------------- */

static ssize_t plain_read(
    struct co_context *context, struct co_stream *stream, void *buffer, size_t size)
{
    return co_net_read(context, stream->fd, buffer, size);
}

static int plain_write(
    struct co_context *context, struct co_stream *stream, struct iovec *pieces, size_t count)
{
    return co_net_write_pieces(context, stream->fd, pieces, count);
}

static int plain_await(struct co_context *context, struct co_stream *stream)
{
    return co_net_wait(context, stream->fd, CO_POLLER_READ);
}

static bool plain_is_quiet(struct co_stream *stream)
{
    char byte;
    return recv(stream->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
           (errno == EAGAIN || errno == EWOULDBLOCK);
}

static void plain_close(struct co_stream *stream)
{
    co_net_close(&stream->fd);
}

struct co_stream co_stream_of(int fd)
{
    static const struct co_stream_kind plain = {
        .read = plain_read,
        .write = plain_write,
        .await = plain_await,
        .is_quiet = plain_is_quiet,
        .close = plain_close,
    };
    return (struct co_stream){.kind = &plain, .fd = fd};
}
