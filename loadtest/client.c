/* SPDX-License-Identifier: MIT */
/*
 * A connection of coro/http, and around it what every call of the service has: the token, the key,
 * a deadline for each step, and an outcome that reports can count.
 */
#include "loadtest/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "coro/context.h"
#include "coro/http/co_http_connection.h"
#include "coro/net.h"
#include "loadtest/response_head.h"

enum { HEADERS_SIZE = 4096 }; /* of a request */

struct client {
    const struct target *target;
    struct co_http_connection *connection; /* NULL: not connected */
    int64_t timeout_ns;
    bool is_head;               /* the request was a HEAD */
    char line[CLIENT_LINE];     /* of the request, if somebody watches */
    struct co_http_answer kept; /* the last one, of a connection that is closed by now */
    char headers[HEADERS_SIZE];
};

static void (*watcher)(const struct client_seen *seen);

void client_watch(void (*saw)(const struct client_seen *seen))
{
    watcher = saw;
}

/* What was received, to whom it may concern. */
static void show(struct client *client, const struct response *response, bool whole)
{
    if (watcher)
        watcher(&(struct client_seen){client->line, response, whole});
    client->line[0] = '\0';
}

struct client *client_make(const struct target *target, int64_t timeout_ns)
{
    struct client *client = calloc(1, sizeof *client);
    if (!client)
        return NULL;
    client->target = target;
    client->timeout_ns = timeout_ns;
    return client;
}

/* Its last answer stays valid until the client is used again. */
void client_close(struct client *client)
{
    client->line[0] = '\0';
    if (!client->connection)
        return;
    co_http_answer_free(&client->kept);
    co_http_connection_give(client->connection, &client->kept);
    co_http_connection_free(&client->connection);
}

static int descriptor(const struct client *client)
{
    return co_http_connection_stream(client->connection)->fd;
}

bool client_is_open(const struct client *client)
{
    return client->connection && co_stream_is_quiet(co_http_connection_stream(client->connection));
}

void client_reset(struct client *client)
{
    /* close() sends a reset then, as a client that crashes would. */
    const struct linger immediately = {.l_onoff = 1, .l_linger = 0};
    if (client->connection)
        setsockopt(descriptor(client), SOL_SOCKET, SO_LINGER, &immediately, sizeof immediately);
    client_close(client);
}

/* The other half stays open: the answer can still come. */
void client_say_no_more(struct client *client)
{
    if (client->connection)
        shutdown(descriptor(client), SHUT_WR);
}

void client_free(struct client **client)
{
    if (!*client)
        return;
    client_close(*client);
    co_http_answer_free(&(*client)->kept);
    free(*client);
    *client = NULL;
}

const char *client_status_name(enum client_status status)
{
    static const char *const names[] = {
        [CLIENT_ANSWERED] = "answered",
        [CLIENT_NO_CONNECTION] = "no connection",
        [CLIENT_NOT_TRUSTED] = "certificate not accepted",
        [CLIENT_LOST] = "connection lost",
        [CLIENT_TIMEOUT] = "timeout",
        [CLIENT_UNAVAILABLE] = "unavailable",
        [CLIENT_GARBLED] = "garbled answer",
    };
    return names[status];
}

/* --- the deadline of a step ------------------------------------------------------------------- */

/* NULL: memory is short, and the step is over before it began. */
static struct co_context *step_begin(const struct client *client)
{
    return co_context_with_timeout(co_context_background(), client->timeout_ns);
}

static enum client_status status_of(int error)
{
    switch (error) {
    case ETIMEDOUT:
        return CLIENT_TIMEOUT;
    case EPROTO:
    case EMSGSIZE:
        return CLIENT_GARBLED;
    default:
        return CLIENT_LOST;
    }
}

/* Its outcome: `result` is negative, with errno, if it failed. What is left on the way then belongs
 * to a request that is given up. */
static enum client_status step_end(
    struct client *client, struct co_context *context, ssize_t result)
{
    enum client_status status = result < 0 ? status_of(errno) : CLIENT_ANSWERED;
    co_context_release(&context);
    if (status != CLIENT_ANSWERED)
        client_close(client);
    return status;
}

/* --- connecting and sending ------------------------------------------------------------------- */

/* The stream is the connection's then, or closed. */
static enum client_status speak_over(struct client *client, struct co_stream stream)
{
    client->connection = co_http_connection_make(stream, NULL);
    return client->connection ? CLIENT_ANSWERED : CLIENT_NO_CONNECTION;
}

static enum client_status connect_secretly(
    struct client *client, struct co_context *context, int fd)
{
    const struct target *target = client->target;
    char host[sizeof target->authority];
    co_ensure(target->tls);
    /* Without the port, and the brackets of a number. */
    bool is_number = target->authority[0] == '[';
    size_t length = strcspn(target->authority + is_number, is_number ? "]" : ":");
    snprintf(host, sizeof host, "%.*s", (int)length, target->authority + is_number);
    struct co_tls *tls = co_tls_connect(context, target->tls, fd, host, NULL);
    if (!tls)
        return errno == EKEYREJECTED ? CLIENT_NOT_TRUSTED : CLIENT_NO_CONNECTION;
    return speak_over(client, co_tls_stream(tls));
}

enum client_status client_connect(struct client *client)
{
    /* Kept from the call before. */
    if (client->connection)
        return CLIENT_ANSWERED;
    const struct target *target = client->target;
    struct co_context *context = step_begin(client);
    if (!context)
        return CLIENT_NO_CONNECTION;
    int fd = co_net_dial_from(context, target->address, target->from[0] ? target->from : NULL);
    enum client_status status = CLIENT_NO_CONNECTION;
    if (fd >= 0 && target->is_secret)
        status = connect_secretly(client, context, fd);
    else if (fd >= 0)
        status = speak_over(client, co_stream_of(fd));
    co_context_release(&context);
    return status;
}

/* Text is appended to the request's headers; what does not fit makes them too long, permanently. */
static size_t add(struct client *client, size_t at, const char *text)
{
    size_t length = strlen(text);
    /* Checked once, when they are whole. */
    if (at + length >= HEADERS_SIZE)
        return HEADERS_SIZE;
    memcpy(client->headers + at, text, length + 1);
    return at + length;
}

static void write_headers(struct client *client, const struct request *request, bool has_body)
{
    size_t at = add(client, 0, "");
    /* A service without authentication needs none. */
    if (client->target->token[0] && !request->without_token) {
        at = add(client, at, "Authorization: Bearer ");
        at = add(client, at, client->target->token);
        at = add(client, at, "\r\n");
    }
    /* In quotes, as the draft of Idempotency-Key has it. */
    if (request->key) {
        at = add(client, at, "Idempotency-Key: \"");
        at = add(client, at, request->key);
        at = add(client, at, "\"\r\n");
    }
    if (has_body)
        at = add(client, at, "Content-Type: application/json\r\n");
    at = add(client, at, request->headers ? request->headers : "");
    co_ensure(at < HEADERS_SIZE);
}

static struct co_http_message message_of(struct client *client, const struct request *request)
{
    const char *method = request->method ? request->method : request->body ? "POST" : "GET";
    client->is_head = strcmp(method, "HEAD") == 0;
    if (watcher)
        snprintf(client->line, sizeof client->line, "%s %s", method, request->path);
    write_headers(client, request, request->body || strcmp(method, "POST") == 0);
    return (struct co_http_message){.method = method,
        .authority = client->target->authority,
        .target = request->path,
        .headers = client->headers,
        .body = request->body,
        .body_length = request->body_length};
}

enum client_status client_send(struct client *client, const struct request *request)
{
    enum client_status status = client_connect(client);
    if (status != CLIENT_ANSWERED)
        return status;
    const struct co_http_message message = message_of(client, request);
    struct co_context *context = step_begin(client);
    return context ? step_end(client, context,
                         co_http_connection_send(context, client->connection, &message))
                   : CLIENT_LOST;
}

/* "METHOD TARGET" of bytes that may be no request at all, or go on with one. */
static void remember_line(struct client *client, const char *bytes, size_t length)
{
    size_t at = 0;
    if (client->line[0])
        return;
    while (length > 0 && (*bytes == '\r' || *bytes == '\n'))
        bytes++, length--;
    for (int words = 0; at < length && at + 1 < sizeof client->line; at++)
        if (bytes[at] == '\r' || bytes[at] == '\n' || (bytes[at] == ' ' && ++words == 2))
            break;
    memcpy(client->line, bytes, at);
    client->line[at] = '\0';
}

/* Raw bytes, for requests that a well-behaved client cannot make. */
enum client_status client_send_bytes(struct client *client, const void *bytes, size_t length)
{
    enum client_status status = client_connect(client);
    if (status != CLIENT_ANSWERED)
        return status;
    client->is_head = length > 5 && memcmp(bytes, "HEAD ", 5) == 0;
    if (watcher)
        remember_line(client, bytes, length);
    struct co_context *context = step_begin(client);
    return context ? step_end(client, context,
                         co_http_connection_send_bytes(context, client->connection, bytes, length))
                   : CLIENT_LOST;
}

/* --- receiving -------------------------------------------------------------------------------- */

/* A body that ends where the connection does may have been cut, and nobody can tell. */
static bool is_bounded(const struct client *client, const struct co_http_head *head)
{
    return head->length >= 0 || head->chunked || client->is_head || head->status == 204 ||
           head->status == 304;
}

/* A whole answer has come, or not: what it says, and whether the next call connects again. */
static enum client_status take(struct client *client, enum client_status status,
    const struct co_http_answer *answer, struct response *response)
{
    if (status != CLIENT_ANSWERED)
        return status;
    /* Two answers to one request are none. */
    if (!response_read_head(&answer->head, response) || !is_bounded(client, &answer->head) ||
        co_http_connection_has_more(client->connection)) {
        client_close(client);
        return CLIENT_GARBLED;
    }
    response->body = answer->body;
    response->body_length = answer->body_length;
    show(client, response, true);
    if (answer->head.closes || !co_http_connection_is_free(client->connection))
        client_close(client);
    return CLIENT_ANSWERED;
}

static int receive(struct co_context *context, struct co_http_connection *connection,
    struct co_http_answer *answer)
{
    if (co_http_connection_receive_head(context, connection) < 0)
        return -1;
    return co_http_connection_receive_body(context, connection, answer);
}

enum client_status client_receive(struct client *client, struct response *response)
{
    struct co_http_answer answer;
    struct co_context *context = client->connection ? step_begin(client) : NULL;
    if (!context)
        return CLIENT_LOST;
    int result = receive(context, client->connection, &answer);
    return take(client, step_end(client, context, result), &answer, response);
}

enum client_status client_receive_head(struct client *client, struct response *response)
{
    struct co_context *context = client->connection ? step_begin(client) : NULL;
    if (!context)
        return CLIENT_LOST;
    int result = co_http_connection_receive_head(context, client->connection);
    enum client_status status = step_end(client, context, result);
    if (status == CLIENT_ANSWERED &&
        !response_read_head(co_http_connection_head(client->connection), response)) {
        client_close(client);
        status = CLIENT_GARBLED;
    }
    if (status == CLIENT_ANSWERED)
        show(client, response, false);
    return status;
}

enum client_status client_read(struct client *client, char *into, size_t size, size_t *length)
{
    *length = 0;
    /* Nothing more will come: a length of 0. */
    struct co_context *context = client->connection ? step_begin(client) : NULL;
    if (!context)
        return CLIENT_ANSWERED;
    ssize_t n = co_http_connection_read_bytes(context, client->connection, into, size);
    *length = n > 0 ? (size_t)n : 0;
    enum client_status status = step_end(client, context, n);
    if (n == 0)
        client_close(client);
    /* A reset is an end, too. */
    return status == CLIENT_LOST ? CLIENT_ANSWERED : status;
}

enum client_status client_call(
    struct client *client, const struct request *request, struct response *response)
{
    enum client_status status = client_connect(client);
    if (status != CLIENT_ANSWERED)
        return status;
    struct co_http_answer answer;
    const struct co_http_message message = message_of(client, request);
    struct co_context *context = step_begin(client);
    if (!context)
        return CLIENT_LOST;
    int result = co_http_connection_call(context, client->connection, &message, &answer);
    return take(client, step_end(client, context, result), &answer, response);
}
