/* SPDX-License-Identifier: MIT */
/*
 * libmicrohttpd would have each stream in its list of suspended connections, which it walks at each
 * resume; it would copy each piece, and would not see that a client has gone. So it is made to
 * close its descriptor, while the connection lives on in a duplicate of it: with MHD_USE_TURBO it
 * does not shut a connection down that it closes.
 *
 * Invariants:
 * - a write is one sendmsg() within a turn of the worker's share for streams, so all of them
 *   together take no more of its time than that;
 * - the writer is parked only while the socket has no room, and its context goes on. So memory is
 *   bounded by what the writer writes in one go, however slow its client is.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "server/http/http_private.h"
#include "server/http/problem.h"

/* A client that has vanished without a word is given up after so long without an answer; what the
 * kernel holds for one that does not read; what of it is not on its way yet. */
enum { UNANSWERED_MS = 30000, SEND_BUFFER = 64 * 1024, UNSENT_MAX = 32 * 1024 };

static const int64_t blocked_max_ns = 60 * CO_CLOCK_S; /* a client that takes nothing is cut */

struct co_context *http_stream_context(struct http_stream *stream)
{
    return stream->context;
}

struct share *http_stream_share(struct http_stream *stream)
{
    return &stream->worker->stream_share;
}

/* ---- the socket ---------------------------------------------------------------------------- */

static void hang_up(struct http_stream *stream)
{
    stream->hung_up = true;
    co_context_cancel(stream->context); /* which wakes its writer */
}

/* Something has happened to the socket. What the client sends is of no interest. */
static void look(void *arg)
{
    struct http_stream *stream = arg;
    if (stream->watch.hung_up)
        hang_up(stream);
    else
        co_eventcount_advance(&stream->room, ++stream->happened);
}

static bool take_socket(struct http_stream *stream, int fd)
{
    int unanswered_ms = UNANSWERED_MS, buffer = SEND_BUFFER, unsent = UNSENT_MAX, on = 1;
    /* libmicrohttpd closes its own descriptor; the connection lives on in this one. */
    stream->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (stream->fd < 0)
        return false;
    const struct {
        int level, name, *value;
    } wanted[] = {{IPPROTO_TCP, TCP_USER_TIMEOUT, &unanswered_ms},
        {IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent}, {IPPROTO_TCP, TCP_NODELAY, &on},
        {SOL_SOCKET, SO_SNDBUF, &buffer}};
    /* The stream works without them, so a failure is let pass. */
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        (void)setsockopt(
            stream->fd, wanted[i].level, wanted[i].name, wanted[i].value, sizeof *wanted[i].value);
    /* Edges, so that a full socket costs nothing until it has room. */
    stream->watch = (struct co_worker_watch){
        .fd = stream->fd, .fn = look, .arg = stream, .edge = true, .writable = true};
    if (co_worker_watch_start(&stream->watch) == 0)
        return true;
    close(stream->fd);
    return false;
}

/* ---- begin and end ------------------------------------------------------------------------- */

static struct http_stream *make(struct http_exchange *exchange)
{
    struct http_stream *stream = malloc(sizeof *stream);
    if (!stream)
        return NULL;
    *stream = (struct http_stream){.exchange = exchange,
        .worker = exchange->worker,
        .chunked = !exchange->peer->wire.head.is_1_0,
        .context = co_context_with_cancel(co_context_background())};
    if (stream->context && take_socket(stream, exchange->peer->fd))
        return stream;
    /* Undo what has been made so far. */
    if (stream->context)
        co_context_release(&stream->context);
    free(stream);
    return NULL;
}

/* Whoever asks for one that there is no place for. */
static bool refuse(
    struct http_exchange *exchange, const struct problem *problem, const char *detail)
{
    exchange->response.stream = NULL;
    problem_answer(&exchange->request, &exchange->response, problem, detail);
    return false;
}

/* One token alone must not have all the places. It counts however it was sent, in a cookie too. */
static bool count_token(struct http_exchange *exchange, uint8_t token[TALLY_KEY])
{
    struct http_worker *worker = exchange->worker;
    int64_t id = exchange->response.token;
    memset(token, 0, TALLY_KEY);
    memcpy(token, &id, sizeof id);
    if (!id || tally_add(&worker->stream_tokens, token, worker->http->max_streams_of_token))
        return true;
    http_count(&worker->counters.limited_streams, 1);
    return refuse(exchange, &problem_too_many,
        "Too many streams are open with this token; one of them has to end before.");
}

static void uncount_token(struct http_worker *worker, const uint8_t token[TALLY_KEY])
{
    static const uint8_t nobody[TALLY_KEY];
    if (memcmp(token, nobody, TALLY_KEY) != 0)
        tally_remove(&worker->stream_tokens, token);
}

bool http_stream_begin(struct http_exchange *exchange)
{
    struct http_worker *worker = exchange->worker;
    uint8_t token[TALLY_KEY];
    if (!count_token(exchange, token))
        return false;
    bool has_place = !worker->stopping && worker->stream_count < worker->http->max_streams;
    struct http_stream *stream = has_place ? make(exchange) : NULL;
    if (!stream) {
        uncount_token(worker, token);
        return refuse(
            exchange, &problem_overloaded, "Too many streams are open, or the service stops.");
    }
    memcpy(stream->token, token, TALLY_KEY);
    /* What libmicrohttpd closes is a descriptor, and not the session. */
    struct http_wire *wire = &exchange->peer->wire;
    stream->tls = wire->tls;
    wire->tls = NULL;
    if (stream->tls)
        tls_move(stream->tls, stream->fd);
    /* Counted from here on: the stop waits for it. */
    stream->next = worker->streams;
    if (stream->next)
        stream->next->previous = stream;
    worker->streams = stream;
    worker->stream_count++;
    http_count(&worker->counters.streams, 1);
    exchange->stream = stream;
    return true;
}

/* As sendmsg(2). */
static ssize_t put(struct http_stream *stream, const struct msghdr *message)
{
    return stream->tls ? tls_send(stream->tls, message->msg_iov, message->msg_iovlen)
                       : sendmsg(stream->fd, message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static struct iovec piece(const char *bytes, size_t length)
{
    union {
        const char *in;
        void *out;
    } base = {.in = bytes}; /* sendmsg() only reads it */
    return (struct iovec){.iov_base = base.out, .iov_len = length};
}

static void end(struct http_stream *stream)
{
    struct iovec last_chunk = piece("0\r\n\r\n", 5);
    struct http_worker *worker = stream->worker;
    /* A proper end tells the client that nothing is missing. */
    if (!stream->hung_up && !stream->within && stream->chunked)
        (void)put(stream, &(struct msghdr){.msg_iov = &last_chunk, .msg_iovlen = 1});
    if (stream->tls && !stream->within)
        tls_say_end(stream->tls);
    tls_end(&stream->tls);
    co_worker_watch_stop(&stream->watch);
    close(stream->fd);
    *(stream->previous ? &stream->previous->next : &worker->streams) = stream->next;
    if (stream->next)
        stream->next->previous = stream->previous;
    worker->stream_count--;
    uncount_token(worker, stream->token);
    http_count(&worker->counters.streams, (uint64_t)-1);
    co_context_release(&stream->context);
    stream->exchange->stream = NULL;
    free(stream);
}

void http_stream_stop(struct http_stream *stream)
{
    co_context_cancel(stream->context);
}

void http_stream_sweep(struct http_worker *worker, int64_t now_ns)
{
    for (struct http_stream *stream = worker->streams; stream; stream = stream->next)
        /* Only a parked writer waits for its client; a quiet stream has nothing to send. */
        if (stream->blocked_ns > 0 && now_ns - stream->blocked_ns > blocked_max_ns)
            hang_up(stream);
}

/* ---- writing ------------------------------------------------------------------------------- */

static bool is_over(const struct http_stream *stream)
{
    return stream->hung_up || co_context_err(stream->context) != CO_CONTEXT_OK;
}

/* What was sent is behind us. */
static void advance(struct msghdr *message, size_t sent)
{
    while (message->msg_iovlen > 0 && sent >= message->msg_iov->iov_len) {
        sent -= message->msg_iov->iov_len;
        message->msg_iov++;
        message->msg_iovlen--;
    }
    if (message->msg_iovlen > 0) {
        message->msg_iov->iov_base = (char *)message->msg_iov->iov_base + sent;
        message->msg_iov->iov_len -= sent;
    }
}

/* Write all of it. */
static bool write_pieces(struct http_stream *stream, struct iovec *pieces, size_t count)
{
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = count};
    while (!is_over(stream) && message.msg_iovlen > 0) {
        /* A system call for each subscriber adds up, so it is charged to the streams' share. */
        int64_t turn_ns = share_begin(&stream->worker->stream_share);
        /* Before the call: an edge that comes during it must not be lost. */
        uint64_t seen = co_eventcount_read(&stream->room);
        ssize_t sent = put(stream, &message);
        share_end(&stream->worker->stream_share, turn_ns);
        if (sent > 0) {
            /* A chunk is begun, and another may follow only if this one is written to its end. */
            stream->within = true;
            advance(&message, (size_t)sent);
        } else if (errno != EAGAIN && errno != EINTR) {
            hang_up(stream);
        } else if (errno == EAGAIN) {
            /* The sweep cuts a client that leaves the writer here for too long; whoever ends the
             * context does so at once. */
            stream->blocked_ns = co_clock_now_ns();
            (void)!co_eventcount_await(stream->context, &stream->room, seen + 1);
            stream->blocked_ns = 0;
        }
    }
    bool all = message.msg_iovlen == 0;
    stream->within &= !all;
    return all;
}

bool http_stream_write(struct http_stream *stream, const char *bytes, size_t length)
{
    char size[24];
    co_ensure(length > 0); /* a chunk without bytes would be the last */
    stream->bytes += length;
    if (!stream->chunked)
        return write_pieces(stream, (struct iovec[]){piece(bytes, length)}, 1);
    /* Size, bytes and line end go out in one call. */
    int digits = snprintf(size, sizeof size, "%zx\r\n", length);
    struct iovec pieces[] = {piece(size, (size_t)digits), piece(bytes, length), piece("\r\n", 2)};
    return write_pieces(stream, pieces, 3);
}

void http_stream_cut(struct http_stream *stream)
{
    stream->within = true;
}

static bool write_head(struct http_stream *stream)
{
    char head[HTTP_RESPONSE_HEAD];
    size_t length = (size_t)snprintf(head, sizeof head, "HTTP/1.%d 200 OK\r\n%s", stream->chunked,
        stream->chunked ? "Transfer-Encoding: chunked\r\n" : "");
    length += http_response_lines(
        stream->worker, &stream->exchange->response, head + length, sizeof head - length);
    return write_pieces(stream, (struct iovec[]){piece(head, length)}, 1);
}

void http_stream_run(struct http_exchange *exchange)
{
    struct http_stream *stream = exchange->stream;
    http_count(&stream->worker->counters.requests[200], 1);
    if (write_head(stream))
        exchange->response.stream(stream, &exchange->request, exchange->response.stream_arg);
    else
        stream->within = true; /* no chunk may follow half a head */
    /* Said when it is over: only then is it known how long it was. */
    http_log_answer(stream->worker->http->options.log, &exchange->request, &exchange->response,
        stream->bytes, co_clock_now_ns());
    end(stream);
}
