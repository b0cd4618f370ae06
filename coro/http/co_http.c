/* SPDX-License-Identifier: MIT */
/*
 * A request takes a kept connection or makes one, and gives it back once the answer is whole.
 * Whether it is tried again is decided in one place, by what is known of the try before.
 */
#include "coro/http/co_http.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/http/co_http_idle_private.h"
#include "coro/net.h"

enum { IDLE_PER_ORIGIN = 16, IDLE_S = 30 };

struct co_http {
    struct co_http_options options;
    struct co_http_idle idle;
};

struct co_http_exchange {
    struct co_http *http; /* NULL: of no client */
    struct co_http_origin origin;
    struct co_http_connection *connection;
    bool repeated; /* a try before the one that was answered was sent */
};

struct co_http *co_http_make(const struct co_http_options *options)
{
    struct co_http *http = calloc(1, sizeof *http);
    if (!http) {
        errno = ENOMEM;
        return NULL;
    }
    if (options)
        http->options = *options;
    http->idle.per_origin = http->options.idle_max ? http->options.idle_max : IDLE_PER_ORIGIN;
    http->idle.for_ns = http->options.idle_ns ? http->options.idle_ns : IDLE_S * CO_CLOCK_S;
    return http;
}

void co_http_free(struct co_http **http)
{
    if (*http)
        co_http_idle_clear(&(*http)->idle);
    free(*http);
    *http = NULL;
}

/* --- connections ------------------------------------------------------------------------------ */

static int dial(struct co_context *context, const struct co_http *http,
    const struct co_http_origin *origin, struct co_stream *stream, struct co_stream_why *why)
{
    const struct co_stream_dialer *dialer = !http            ? NULL
                                            : origin->secure ? &http->options.https
                                                             : &http->options.http;
    if (dialer && dialer->dial)
        return dialer->dial(context, dialer, origin->address, origin->host, stream, why);
    if (origin->secure) {
        errno = EPROTONOSUPPORT;
        return -1;
    }
    int fd = co_net_dial(context, origin->address);
    *stream = co_stream_of(fd);
    return fd < 0 ? -1 : 0;
}

static struct co_http_connection *connect_to(struct co_context *context, const struct co_http *http,
    const struct co_http_origin *origin, struct co_stream_why *why)
{
    struct co_stream stream;
    if (dial(context, http, origin, &stream, why) < 0)
        return NULL;
    return co_http_connection_make(stream, http ? &http->options.limits : NULL);
}

static void put_back(struct co_http *http, const struct co_http_origin *origin,
    struct co_http_connection *connection)
{
    if (http)
        co_http_idle_put(&http->idle, origin, connection);
    else
        co_http_connection_free(&connection);
}

/* --- one more try? ---------------------------------------------------------------------------- */

static bool may_be_repeated(const struct co_http_request *request)
{
    static const char *const methods[] = {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"};
    const char *method = request->method ? request->method : request->body ? "POST" : "GET";
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        if (strcmp(method, methods[i]) == 0)
            return true;
    return request->repeatable;
}

/* After a request over a kept connection failed with `error`: did it meet the server's closing? */
static bool try_again(enum co_http_fate fate, int error, const struct co_http_request *request)
{
    bool was_closed = error == EPIPE || error == ECONNRESET || error == ENOTCONN;
    return was_closed &&
           (fate == CO_HTTP_NOT_SENT || (fate == CO_HTTP_SENT && may_be_repeated(request)));
}

/* --- an exchange ------------------------------------------------------------------------------ */

/* One try: 0 with the head of the answer. */
static int ask(struct co_context *context, struct co_http_connection *connection,
    const struct co_http_message *message)
{
    if (co_http_connection_send(context, connection, message) == 0)
        return co_http_connection_receive_head(context, connection);
    int error = errno; /* it may have been answered before all of it was sent */
    bool answered = co_http_connection_fate(connection) == CO_HTTP_SENT &&
                    (error == EPIPE || error == ECONNRESET) &&
                    co_http_connection_receive_head(context, connection) == 0;
    errno = error;
    return answered ? 0 : -1;
}

/* Until the head of an answer has come, or no other try is to be made. */
static enum co_http_fate exchange_begin(struct co_context *context,
    struct co_http_exchange *exchange, const struct co_http_request *request, const char *target,
    struct co_stream_why *why)
{
    const struct co_http_message message = {.method = request->method,
        .authority = exchange->origin.authority,
        .target = target,
        .headers = request->headers,
        .body = request->body,
        .body_length = request->body_length};
    /* A try that was sent stays sent, whatever becomes of the next one. */
    for (enum co_http_fate before = CO_HTTP_NOT_SENT;;) {
        struct co_http *http = exchange->http;
        exchange->connection = http ? co_http_idle_take(&http->idle, &exchange->origin) : NULL;
        bool kept = exchange->connection;
        if (!kept)
            exchange->connection = connect_to(context, http, &exchange->origin, why);
        if (!exchange->connection)
            return before;
        if (ask(context, exchange->connection, &message) == 0) {
            exchange->repeated = before != CO_HTTP_NOT_SENT;
            return CO_HTTP_ANSWERED;
        }
        int error = errno;
        enum co_http_fate fate = co_http_connection_fate(exchange->connection);
        co_http_connection_free(&exchange->connection);
        errno = error;
        before = fate > before ? fate : before;
        if (!kept || !try_again(fate, error, request))
            return before;
    }
}

/* The URL, and whom it leads to. */
static bool exchange_prepare(struct co_http_exchange *exchange, struct co_http *http,
    const struct co_http_request *request, const char **target)
{
    exchange->http = http;
    exchange->connection = NULL;
    if (co_http_url_read(request->url, &exchange->origin, target))
        return true;
    errno = EINVAL;
    return false;
}

enum co_http_fate co_http_open(struct co_context *context, struct co_http *http,
    const struct co_http_request *request, struct co_http_exchange **exchange,
    struct co_stream_why *why)
{
    const char *target;
    *exchange = calloc(1, sizeof **exchange);
    if (why)
        why->text[0] = '\0';
    if (!*exchange) {
        errno = ENOMEM;
        return CO_HTTP_NOT_SENT;
    }
    enum co_http_fate fate = CO_HTTP_NOT_SENT;
    if (exchange_prepare(*exchange, http, request, &target))
        fate = exchange_begin(context, *exchange, request, target, why);
    int error = errno;
    if (fate != CO_HTTP_ANSWERED)
        co_http_exchange_close(exchange);
    errno = error;
    return fate;
}

bool co_http_exchange_is_repeated(const struct co_http_exchange *exchange)
{
    return exchange->repeated;
}

const struct co_http_head *co_http_exchange_head(const struct co_http_exchange *exchange)
{
    return co_http_connection_head(exchange->connection);
}

ssize_t co_http_exchange_read(
    struct co_context *context, struct co_http_exchange *exchange, void *buffer, size_t size)
{
    return co_http_connection_read(context, exchange->connection, buffer, size);
}

void co_http_exchange_close(struct co_http_exchange **exchange)
{
    if (!*exchange)
        return;
    if ((*exchange)->connection)
        put_back((*exchange)->http, &(*exchange)->origin, (*exchange)->connection);
    free(*exchange);
    *exchange = NULL;
}

/* --- whole answers ---------------------------------------------------------------------------- */

enum co_http_fate co_http_call(struct co_context *context, struct co_http *http,
    const struct co_http_request *request, struct co_http_answer *answer)
{
    struct co_http_exchange exchange;
    const char *target;
    *answer = (struct co_http_answer){.body = ""};
    if (!exchange_prepare(&exchange, http, request, &target))
        return CO_HTTP_NOT_SENT;
    enum co_http_fate fate = exchange_begin(context, &exchange, request, target, &answer->why);
    if (fate != CO_HTTP_ANSWERED)
        return fate;
    struct co_http_connection *connection = exchange.connection;
    if (co_http_connection_receive_body(context, connection, answer) < 0) {
        co_http_connection_free(&connection);
        *answer = (struct co_http_answer){.body = ""};
        return CO_HTTP_CUT;
    }
    co_http_connection_give(connection, answer);
    put_back(http, &exchange.origin, connection);
    return CO_HTTP_ANSWERED;
}

enum co_http_fate co_http_get(struct co_context *context, struct co_http *http, const char *url,
    struct co_http_answer *answer)
{
    const struct co_http_request request = {.url = url};
    return co_http_call(context, http, &request, answer);
}
