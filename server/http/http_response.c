/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "coro/clock.h"
#include "server/http/http_private.h"
#include "server/http/server_timing.h"

/* A browser that was here over TLS comes in no other way for a year (RFC 6797). */
static const char strict_transport[] = "max-age=31536000";

/* Where headers go: into a response of libmicrohttpd, or into text. */
struct headers {
    void (*add)(void *arg, const char *name, const char *value);
    void *arg;
};

static void add(const struct headers *headers, const char *name, const char *value)
{
    headers->add(headers->arg, name, value);
}

static void add_number(const struct headers *headers, const char *name, uint64_t number)
{
    char text[24], *at = text + sizeof text - 1;
    *at = '\0';
    do
        *--at = (char)('0' + number % 10);
    while (number /= 10);
    add(headers, name, at);
}

/* Formatted once a second, not for each answer. */
static const char *date(struct http_worker *worker)
{
    int64_t now_s = co_clock_wall_us() / 1000000;
    if (now_s != worker->date_s) {
        worker->date_s = now_s;
        time_text_http(now_s, worker->date);
    }
    return worker->date;
}

/* A policy is the document's: of what a document loads browsers do not read it. */
static void add_document_headers(const struct headers *headers)
{
    add(headers, "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'");
    add(headers, "Referrer-Policy", "no-referrer");
}

/* What pages of other origins may make of the answer: said to those that are in the list, and to
 * caches that it depends on who asked. */
static void add_cors_headers(
    const struct cors *cors, const struct response *response, const struct headers *out)
{
    /* A cache must tell apart what differs by either. */
    static const char *const vary[2][2] = {
        {NULL, "Accept-Encoding"}, {"Origin", "Origin, Accept-Encoding"}};
    const char *by = response->is_preflight && cors->count > 0
                         ? "Origin, Access-Control-Request-Method"
                         : vary[cors->count > 0][response->varies];
    if (by)
        add(out, "Vary", by);
    if (!response->echo->origin)
        return;
    add(out, "Access-Control-Allow-Origin", response->echo->origin);
    if (!response->is_preflight) {
        add(out, "Access-Control-Expose-Headers", CORS_EXPOSE_HEADERS);
        return;
    }
    if (response->allow)
        add(out, "Access-Control-Allow-Methods", response->allow);
    add(out, "Access-Control-Allow-Headers", CORS_ALLOW_HEADERS);
    add(out, "Access-Control-Max-Age", CORS_MAX_AGE);
}

/* What an answer says is true of its moment alone, and a cache that may keep it does so for as long
 * as it sees fit (RFC 9111, 4.2.2). */
static const char *cache_control(const struct response *response)
{
    if (response->stream)
        return "no-store, no-transform";
    return response->is_page ? "no-cache" : "no-store";
}

/* `now_ns`: when the answer is sent. */
static void each_header(struct http_worker *worker, const struct response *response, int64_t now_ns,
    const struct headers *out)
{
    char timing[SERVER_TIMING_TEXT];
    add(out, "Date", date(worker));
    add(out, "X-Request-Id", response->echo->id);
    add(out, "Server-Timing", server_timing_write(response, now_ns, timing));
    if (response->content_type)
        add(out, "Content-Type", response->content_type);
    if (response->encoding)
        add(out, "Content-Encoding", response->encoding);
    for (size_t i = 0; i < response->field_count; i++)
        add(out, response->fields[i].name, response->fields[i].value);
    for (size_t i = 0; i < response->passed_count; i++)
        add(out, response->passed[i].name, response->passed[i].value);
    if (response->retry_after_s)
        add_number(out, "Retry-After", (uint64_t)response->retry_after_s);
    if (response->challenge)
        add(out, "WWW-Authenticate", response->challenge);
    if (response->allow)
        add(out, "Allow", response->allow);
    if (response->set_cookie)
        add(out, "Set-Cookie", response->set_cookie);
    if (response->etag)
        add(out, "ETag", response->etag);
    add_cors_headers(worker->http->options.cors, response, out);
    if (worker->identity || response->echo->client.is_secret)
        add(out, "Strict-Transport-Security", strict_transport);
    if (response->is_document)
        add_document_headers(out);
    add(out, "X-Content-Type-Options", "nosniff");
    add(out, "Cache-Control", cache_control(response));
    if (response->stream)
        add(out, "X-Accel-Buffering", "no"); /* nginx would collect 8 KiB before it sends any */
}

struct text {
    char *to, *end;
};

static void add_line(void *text_arg, const char *name, const char *value)
{
    struct text *text = text_arg;
    size_t room = (size_t)(text->end - text->to);
    int length = snprintf(text->to, room, "%s: %s\r\n", name, value);
    co_ensure(length > 0 && (size_t)length < room);
    text->to += length;
}

size_t http_response_lines(
    struct http_worker *worker, const struct response *response, char *to, size_t size)
{
    struct text text = {.to = to, .end = to + size};
    each_header(worker, response, co_clock_now_ns(), &(struct headers){add_line, &text});
    add_line(&text, "Connection", "close\r\n");
    return (size_t)(text.to - to);
}

static void add_to_mhd(void *response, const char *name, const char *value)
{
    co_ensure(MHD_add_response_header(response, name, value) == MHD_YES);
}

void *http_response_body(const struct response *response)
{
    union {
        const char *in;
        void *out;
    } body = {.in = response->body};
    return body.out;
}

static ssize_t no_piece(void *arg, uint64_t at, char *to, size_t size)
{
    (void)arg, (void)at, (void)to, (void)size;
    return MHD_CONTENT_READER_END_OF_STREAM;
}

/* For the HEAD of a stream: of its length nothing is known, and to say 0 would be wrong.
 * libmicrohttpd would send the last chunk behind the head, so it must not use chunks: the end is
 * the connection's. */
static struct MHD_Response *without_length(void)
{
    struct MHD_Response *out =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 1, no_piece, NULL, NULL);
    if (out)
        co_ensure(MHD_set_response_options(out, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END) ==
                  MHD_YES);
    return out;
}

static struct MHD_Response *from_bytes(const struct response *response)
{
    if (response->stream)
        return without_length();
    return MHD_create_response_from_buffer(
        response->length, http_response_body(response), MHD_RESPMEM_PERSISTENT);
}

void http_response_count(struct http_worker *worker, const struct request *request,
    const struct response *response, uint64_t bytes)
{
    http_count(&worker->counters.requests[response->status], 1);
    http_log_answer(worker->http->options.log, request, response, bytes, co_clock_now_ns());
}

/* Send it, whoever filled it in. */
static enum MHD_Result queue(struct http_peer *peer, const struct request *request,
    const struct response *response, struct MHD_Response *out)
{
    struct http_worker *worker = peer->worker;
    /* The clock for taking the answer starts. */
    http_peer_enter(peer, HTTP_SENDING);
    each_header(worker, response, peer->since_ns, &(struct headers){add_to_mhd, out});
    /* The client shall come back to a server that goes on; and what has no length ends with its
     * connection, also if there is nothing of it (HEAD). No next request is waited for. */
    if (worker->stopping || response->stream) {
        add_to_mhd(out, "Connection", "close");
        peer->wire.head.keep_alive = false;
    }
    bool has_body = response->status != 304 && !(request && request->method == REQUEST_HEAD);
    http_response_count(worker, request, response, has_body ? response->length : 0);
    enum MHD_Result queued = MHD_queue_response(peer->connection, (unsigned)response->status, out);
    MHD_destroy_response(out);
    return queued;
}

enum MHD_Result http_response_queue(struct http_exchange *exchange)
{
    struct MHD_Response *out = from_bytes(&exchange->response);
    co_ensure(out);
    return queue(exchange->peer, &exchange->request, &exchange->response, out);
}

enum MHD_Result http_response_overloaded(struct http_peer *peer)
{
    static const char body[] =
        "{\"type\":\"urn:teller:problem:overloaded\",\"title\":\"Too much is waiting. Nothing was "
        "done; try again later.\",\"status\":503,\"code\":\"overloaded\"}";
    const struct response response = {.status = 503,
        .content_type = "application/problem+json",
        .body = body,
        .length = sizeof body - 1,
        .retry_after_s = 1,
        .began_ns = peer->since_ns,
        .echo = &peer->echo};
    struct MHD_Response *out = from_bytes(&response);
    return out ? queue(peer, NULL, &response, out) : MHD_NO;
}
