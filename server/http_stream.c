/* SPDX-License-Identifier: MIT */
/*
 * A stream has two sides on one worker: the writer (a coroutine) and the reader (libmicrohttpd,
 * which asks for bytes when the socket takes some). Invariants:
 * - the writer is parked exactly while there are bytes that the client has not taken;
 * - the connection is suspended only while there are none, and the stream has not ended.
 * So memory is bounded by what the writer writes at once, however slow the client is.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "coro/co.h"
#include "server/http_worker.h"

/* A client that has vanished without a word is given up after this long without an answer. */
enum { UNANSWERED_MS = 30000 };

struct context *http_stream_context(struct http_stream *stream)
{
    return stream->context;
}

bool http_stream_begin(struct http_exchange *exchange)
{
    struct http_worker *worker = exchange->worker;
    exchange->stream = (struct http_stream){
        .exchange = exchange, .context = context_with_cancel(context_background())};
    if (!exchange->stream.context || worker->stopping)
        return false;
    unsigned unanswered_ms = UNANSWERED_MS;
    (void)setsockopt(
        exchange->peer->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unanswered_ms, sizeof unanswered_ms);
    exchange->is_stream = true;
    exchange->next = worker->streams;
    worker->streams = exchange;
    http_count(&worker->counters.streams, 1);
    return true;
}

static void unlink_stream(struct http_exchange *exchange)
{
    struct http_exchange **at = &exchange->worker->streams;
    while (*at != exchange)
        at = &(*at)->next;
    *at = exchange->next;
    http_count(&exchange->worker->counters.streams, (uint64_t)-1);
}

void http_stream_run(struct http_exchange *exchange)
{
    struct http_stream *stream = &exchange->stream;
    exchange->response.stream(stream, &exchange->request, exchange->response.stream_arg);
    unlink_stream(exchange);
    context_release(&stream->context);
    stream->ended = true;
    if (exchange->suspended)
        http_exchange_resume(exchange);
}

static bool remember_writer(struct co *co, void *arg)
{
    struct http_stream *stream = arg;
    stream->writer = co;
    return true;
}

/* Offer the bytes to the reader; false: it has gone. */
static bool offer(struct http_stream *stream, const char *bytes, size_t length)
{
    struct http_exchange *exchange = stream->exchange;
    if (stream->gone || context_err(stream->context) != CONTEXT_OK)
        return false;
    ensure(length > 0 && stream->length == 0);
    stream->bytes = bytes;
    stream->length = length;
    http_peer_enter(exchange->peer, HTTP_STREAMING);
    if (exchange->suspended)
        http_exchange_resume(exchange);
    return true;
}

bool http_stream_write(struct http_stream *stream, const char *bytes, size_t length)
{
    if (!offer(stream, bytes, length))
        return false;
    co_park("stream write", remember_writer, stream);
    return !stream->gone;
}

static void wake_writer(struct http_stream *stream)
{
    struct co *writer = stream->writer;
    stream->writer = NULL;
    if (writer)
        co_ready(writer);
}

void http_stream_lose(struct http_exchange *exchange)
{
    struct http_stream *stream = &exchange->stream;
    stream->gone = true;
    stream->length = 0;
    if (exchange->running && stream->context)
        context_cancel(stream->context);
    wake_writer(stream);
}

ssize_t http_stream_read(void *arg, uint64_t position, char *to, size_t size)
{
    struct http_exchange *exchange = arg;
    struct http_stream *stream = &exchange->stream;
    (void)position;
    if (stream->length == 0) {
        if (stream->ended)
            return MHD_CONTENT_READER_END_OF_STREAM;
        exchange->suspended = true;
        exchange->peer->phase = HTTP_RUNNING; /* nothing is owed to the client */
        MHD_suspend_connection(exchange->connection);
        return 0;
    }
    if (size > stream->length)
        size = stream->length;
    memcpy(to, stream->bytes, size);
    stream->bytes += size;
    stream->length -= size;
    http_peer_enter(exchange->peer, HTTP_STREAMING);
    if (stream->length == 0)
        wake_writer(stream);
    return (ssize_t)size;
}
