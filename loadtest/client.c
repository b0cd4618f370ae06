/* SPDX-License-Identifier: MIT */
/*
 * What a call costs is what the load tester takes from the service it measures, when both share a
 * machine: one sendmsg, one wait, one recv, and no allocation once the buffer has grown.
 *
 * A deadline is a timer that shuts the socket down: the waiting call then sees the end of the
 * stream, and `timed_out` says why. Client and timer live on the worker of the calling coroutine.
 */
#include "loadtest/client.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "coro/clock.h"
#include "coro/poller.h"
#include "coro/timer.h"
#include "loadtest/response_head.h"

enum {
    HEAD_SIZE = 4096, /* of a request */
    BUFFER_FIRST = 4096,
    BUFFER_MAX = 64 * 1024 * 1024, /* an answer that is longer is garbled */
};

struct client {
    const struct target *target;
    int fd; /* -1: not connected */
    int64_t timeout_ns;
    bool timed_out, is_head; /* the latter: the request was a HEAD */
    struct co_timer timer;
    char *buffer;
    size_t size, used, taken; /* received: used bytes, of which the first `taken` were given out */
    char head[HEAD_SIZE];
};

struct client *client_make(const struct target *target, int64_t timeout_ns)
{
    struct client *client = calloc(1, sizeof *client);
    if (!client)
        return NULL;
    client->buffer = malloc(BUFFER_FIRST);
    if (!client->buffer) {
        free(client);
        return NULL;
    }
    client->target = target;
    client->fd = -1;
    client->timeout_ns = timeout_ns;
    /* It grows with the longest answer, and stays that size. */
    client->size = BUFFER_FIRST;
    return client;
}

void client_close(struct client *client)
{
    if (client->fd < 0)
        return;
    /* The next connection may get the same descriptor number. */
    co_poller_forget(client->fd);
    close(client->fd);
    client->fd = -1;
    client->used = client->taken = 0;
}

void client_reset(struct client *client)
{
    /* close() sends a reset then, as a client that crashes would. */
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    if (client->fd >= 0)
        setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    client_close(client);
}

/* The other half stays open: the answer can still come. */
void client_say_no_more(struct client *client)
{
    if (client->fd >= 0)
        shutdown(client->fd, SHUT_WR);
}

void client_free(struct client **client)
{
    if (!*client)
        return;
    client_close(*client);
    free((*client)->buffer);
    free(*client);
    *client = NULL;
}

const char *client_status_name(enum client_status status)
{
    static const char *const names[] = {
        [CLIENT_ANSWERED] = "answered",
        [CLIENT_NO_CONNECTION] = "no connection",
        [CLIENT_LOST] = "connection lost",
        [CLIENT_TIMEOUT] = "timeout",
        [CLIENT_UNAVAILABLE] = "unavailable",
        [CLIENT_GARBLED] = "garbled answer",
    };
    return names[status];
}

/* --- the deadline ----------------------------------------------------------------------------- */

static void give_up(void *arg)
{
    struct client *client = arg;
    client->timed_out = true;
    /* A read or write that waits sees the end, and looks at `timed_out`. */
    shutdown(client->fd, SHUT_RDWR);
}

static void watch_start(struct client *client)
{
    client->timed_out = false;
    co_timer_start(&client->timer, co_clock_now_ns() + client->timeout_ns, give_up, client);
}

/* The end of a step: its status, or TIMEOUT if that is what ended it. */
static enum client_status watch_stop(struct client *client, enum client_status status)
{
    co_timer_stop(&client->timer);
    if (status != CLIENT_ANSWERED && client->timed_out)
        status = CLIENT_TIMEOUT;
    /* What is left on the way belongs to a request that is given up. */
    if (status != CLIENT_ANSWERED)
        client_close(client);
    return status;
}

static bool wait_for(struct client *client, unsigned events)
{
    return co_poller_wait(co_context_background(), client->fd, events) == CO_POLLER_READY;
}

/* --- connecting and sending ------------------------------------------------------------------- */

static enum client_status finish_connect(struct client *client)
{
    int error = 0;
    socklen_t length = sizeof error;
    if (!wait_for(client, CO_POLLER_WRITE))
        return CLIENT_NO_CONNECTION;
    /* A socket is writable as well when connecting has failed. */
    if (getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0 || error != 0)
        return CLIENT_NO_CONNECTION;
    return client->timed_out ? CLIENT_TIMEOUT : CLIENT_ANSWERED;
}

/* The port is chosen when it connects, so there are as many as without an address. */
static bool call_from(struct client *client)
{
    const struct target *target = client->target;
    const int on = 1;
    if (target->from.ss_family == AF_UNSPEC)
        return true;
    setsockopt(client->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    return bind(client->fd, (const struct sockaddr *)&target->from, target->address_length) == 0;
}

enum client_status client_connect(struct client *client)
{
    /* Kept from the call before. */
    if (client->fd >= 0)
        return CLIENT_ANSWERED;
    const struct sockaddr *address = (const struct sockaddr *)&client->target->address;
    client->fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (client->fd < 0)
        return CLIENT_NO_CONNECTION;
    const int on = 1;
    /* Latency is what is measured: no waiting for more to send. */
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (!call_from(client)) {
        client_close(client);
        return CLIENT_NO_CONNECTION;
    }
    /* On loopback it may be connected already. */
    if (connect(client->fd, address, client->target->address_length) == 0)
        return CLIENT_ANSWERED;
    enum client_status status = CLIENT_NO_CONNECTION;
    if (errno == EINPROGRESS) {
        watch_start(client);
        status = watch_stop(client, finish_connect(client));
    }
    if (status != CLIENT_ANSWERED) {
        client_close(client);
        return CLIENT_NO_CONNECTION;
    }
    return CLIENT_ANSWERED;
}

/* Write all of the pieces, in order; they are consumed. */
static enum client_status write_all(struct client *client, struct iovec *piece, size_t pieces)
{
    while (pieces > 0) {
        const struct msghdr message = {.msg_iov = piece, .msg_iovlen = pieces};
        ssize_t sent = sendmsg(client->fd, &message, MSG_NOSIGNAL);
        /* Anything else is the end of the connection. */
        if (sent < 0 && errno != EAGAIN && errno != EINTR)
            return CLIENT_LOST;
        if (sent < 0 && !wait_for(client, CO_POLLER_WRITE))
            return CLIENT_LOST;
        /* Pieces that went out whole, then a part of one. */
        for (size_t left = sent < 0 ? 0 : (size_t)sent; pieces > 0;) {
            if (left < piece->iov_len) {
                piece->iov_base = (char *)piece->iov_base + left;
                piece->iov_len -= left;
                break;
            }
            left -= piece->iov_len;
            piece++;
            pieces--;
        }
    }
    return CLIENT_ANSWERED;
}

/* Text is appended to the request's head; what does not fit makes it too long, permanently. */
static size_t add(struct client *client, size_t at, const char *text)
{
    size_t length = strlen(text);
    /* Checked once, when the head is whole. */
    if (at + length > HEAD_SIZE)
        return HEAD_SIZE + 1;
    memcpy(client->head + at, text, length);
    return at + length;
}

static size_t write_head(struct client *client, const struct request *request)
{
    const char *method = request->method ? request->method : request->body ? "POST" : "GET";
    size_t at = add(client, 0, method);
    at = add(client, at, " ");
    at = add(client, at, request->path);
    at = add(client, at, " HTTP/1.1\r\nHost: ");
    at = add(client, at, client->target->authority);
    /* A service without authentication needs none. */
    if (client->target->token[0] && !request->without_token) {
        at = add(client, at, "\r\nAuthorization: Bearer ");
        at = add(client, at, client->target->token);
    }
    /* In quotes, as the draft of Idempotency-Key has it. */
    if (request->key) {
        at = add(client, at, "\r\nIdempotency-Key: \"");
        at = add(client, at, request->key);
        at = add(client, at, "\"");
    }
    /* A POST without a body still states its length. */
    if (request->body || strcmp(method, "POST") == 0) {
        char length[64];
        snprintf(length, sizeof length, "\r\nContent-Length: %zu", request->body_length);
        at = add(client, at, "\r\nContent-Type: application/json");
        at = add(client, at, length);
    }
    at = add(client, at, "\r\n");
    at = add(client, at, request->headers ? request->headers : "");
    return add(client, at, "\r\n");
}

/* The request as pieces to write; the head is in the client, the body stays the caller's. */
static size_t to_pieces(
    struct client *client, const struct request *request, struct iovec pieces[2])
{
    size_t length = write_head(client, request);
    co_ensure(length <= HEAD_SIZE);
    pieces[0] = (struct iovec){client->head, length};
    pieces[1] = (struct iovec){(void *)(uintptr_t)request->body, request->body_length};
    client->is_head = strncmp(client->head, "HEAD ", 5) == 0;
    /* The answer before this one is not valid any more: its memory is used again. */
    client->used = client->taken = 0;
    return request->body_length ? 2 : 1;
}

enum client_status client_send(struct client *client, const struct request *request)
{
    enum client_status status = client_connect(client);
    if (status != CLIENT_ANSWERED)
        return status;
    struct iovec pieces[2];
    size_t count = to_pieces(client, request, pieces);
    watch_start(client);
    return watch_stop(client, write_all(client, pieces, count));
}

enum client_status client_send_bytes(struct client *client, const void *bytes, size_t length)
{
    enum client_status status = client_connect(client);
    if (status != CLIENT_ANSWERED)
        return status;
    struct iovec piece = {(void *)(uintptr_t)bytes, length};
    /* Raw bytes, for requests that a well-behaved client cannot make. */
    client->used = client->taken = 0;
    client->is_head = length > 5 && memcmp(bytes, "HEAD ", 5) == 0;
    watch_start(client);
    return watch_stop(client, write_all(client, &piece, 1));
}

/* --- receiving -------------------------------------------------------------------------------- */

static bool make_room(struct client *client, size_t size)
{
    if (size <= client->size)
        return true;
    /* No real answer is that long. */
    if (size > BUFFER_MAX)
        return false;
    char *larger = realloc(client->buffer, size);
    if (!larger)
        return false;
    client->buffer = larger;
    client->size = size;
    return true;
}

/* Receive something into the room that the buffer has. */
static enum client_status fill(struct client *client)
{
    for (;;) {
        /* Waiting first: an answer is hardly ever there already. */
        if (!wait_for(client, CO_POLLER_READ))
            return CLIENT_LOST;
        ssize_t got = recv(
            client->fd, client->buffer + client->used, client->size - client->used, MSG_DONTWAIT);
        if (got > 0) {
            client->used += (size_t)got;
            return CLIENT_ANSWERED;
        }
        /* The end, before the answer is whole. */
        if (got == 0 || (errno != EAGAIN && errno != EINTR))
            return CLIENT_LOST;
    }
}

static enum client_status receive_head(
    struct client *client, struct response *response, int64_t *body_length)
{
    for (;;) {
        /* Looked for from the start each time: a head comes in one piece, nearly always. */
        char *end = memmem(client->buffer, client->used, "\r\n\r\n", 4);
        if (end) {
            client->taken = (size_t)(end + 4 - client->buffer);
            if (!response_read_head(client->buffer, client->taken, response, body_length))
                return CLIENT_GARBLED;
            if (response->status >= 200)
                return CLIENT_ANSWERED;
            client->used -= client->taken; /* an interim answer, 100 Continue: drop it */
            memmove(client->buffer, client->buffer + client->taken, client->used);
            continue;
        }
        /* A head may grow until it is too long to be one. */
        if (client->used == client->size && !make_room(client, client->size * 2))
            return CLIENT_GARBLED;
        enum client_status status = fill(client);
        if (status != CLIENT_ANSWERED)
            return status;
    }
}

static enum client_status receive(struct client *client, struct response *response)
{
    int64_t body_length;
    enum client_status status = receive_head(client, response, &body_length);
    if (status != CLIENT_ANSWERED)
        return status;
    /* Without a length the end of the answer is not known. */
    /* Its answer tells how long a body would be, and has none. */
    if (client->is_head)
        body_length = 0;
    if (body_length < 0 || body_length > BUFFER_MAX ||
        !make_room(client, client->taken + (size_t)body_length))
        return CLIENT_GARBLED;
    size_t end = client->taken + (size_t)body_length;
    while (client->used < end)
        if ((status = fill(client)) != CLIENT_ANSWERED)
            return status;
    /* More than one answer to one request. */
    if (client->used > end)
        return CLIENT_GARBLED;
    response->head = client->buffer;
    response->body = client->buffer + client->taken;
    response->body_length = (size_t)body_length;
    return CLIENT_ANSWERED;
}

enum client_status client_receive(struct client *client, struct response *response)
{
    if (client->fd < 0)
        return CLIENT_LOST;
    watch_start(client);
    enum client_status status = watch_stop(client, receive(client, response));
    /* The next call makes a new connection. */
    if (status == CLIENT_ANSWERED && response->closes)
        client_close(client);
    return status;
}

enum client_status client_receive_head(struct client *client, struct response *response)
{
    int64_t body_length;
    if (client->fd < 0)
        return CLIENT_LOST;
    watch_start(client);
    return watch_stop(client, receive_head(client, response, &body_length));
}

enum client_status client_read(struct client *client, char *into, size_t size, size_t *length)
{
    *length = 0;
    /* Nothing more will come: a length of 0. */
    if (client->fd < 0)
        return CLIENT_ANSWERED;
    /* Only when all of it was given out is there room for more. */
    if (client->taken == client->used) {
        client->taken = client->used = 0;
        watch_start(client);
        enum client_status status = watch_stop(client, fill(client));
        /* For a body without a length this is its end. */
        if (status == CLIENT_LOST)
            return CLIENT_ANSWERED;
        if (status != CLIENT_ANSWERED)
            return status;
    }
    size_t have = client->used - client->taken;
    *length = have < size ? have : size;
    memcpy(into, client->buffer + client->taken, *length);
    client->taken += *length;
    return CLIENT_ANSWERED;
}

enum client_status client_call(
    struct client *client, const struct request *request, struct response *response)
{
    enum client_status status = client_connect(client);
    if (status != CLIENT_ANSWERED)
        return status;
    struct iovec pieces[2];
    size_t count = to_pieces(client, request, pieces);
    watch_start(client);
    /* A server may refuse a long body before it has read it: then its answer waits for us though
     * the sending failed. */
    (void)write_all(client, pieces, count);
    status = watch_stop(client, receive(client, response));
    if (status == CLIENT_ANSWERED && response->closes)
        client_close(client);
    return status;
}
