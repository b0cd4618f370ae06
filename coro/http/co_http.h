/* SPDX-License-Identifier: MIT */
/*
 * An HTTP/1.1 client for many coroutines: it connects, keeps connections for the next request, and
 * receives answers whole or piece by piece. Link with libcoro-http (pkg-config coro-http).
 *
 * A request ends in one of the fates of co_http_connection.h, and whoever made it decides about
 * another try: after NOT_SENT it is safe; after SENT or CUT only if the request may be done twice.
 * Anything but ANSWERED says why in errno: what net.h and co_http_connection.h say, and
 *   EINVAL           the URL is not one that co_http_url_read() takes
 *   EPROTONOSUPPORT  https, and the client was given nobody who dials that
 * The context is the deadline of all of it.
 *
 * A server may close a kept connection at any time. A request that meets this, with not a byte of
 * an answer, is sent once more by itself if nothing of it was sent, or if it may be done twice:
 * GET, HEAD, PUT, DELETE, OPTIONS, TRACE, and what the caller marks as repeatable. No other is.
 *
 * Redirections are answers like others: 301 is not followed. There are no cookies and no proxies,
 * and bodies are as they come (no Accept-Encoding is sent).
 */
#ifndef CORO_CO_HTTP_H
#define CORO_CO_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "coro/context.h"
#include "coro/http/co_http_connection.h"
#include "coro/language.h"
#include "coro/stream.h"

CO_C_BEGIN

struct co_http; /* a client, for any coroutines of any worker */

/* All zero is a good choice. */
struct co_http_options {
    struct co_http_limits limits;
    int idle_max;    /* connections kept for one address; 0: 16; negative: none. 256 for all */
    int64_t idle_ns; /* for so long; 0: 30 seconds */
    struct co_stream_dialer http;  /* all zero: co_net_dial() */
    struct co_stream_dialer https; /* such as co_tls_dialer(config); all zero: nobody does */
};

/* NULL: memory is short. `options` may be NULL. */
CO_MUST_CHECK struct co_http *co_http_make(const struct co_http_options *options);

/* Close what is kept. No request may be under way. */
void co_http_free(struct co_http **http);

struct co_http_request {
    const char *method;  /* NULL: "GET", or "POST" when there is a body */
    const char *url;     /* "http://host:port/path?query" */
    const char *headers; /* more fields, each with its CR LF; NULL: none */
    const void *body;    /* NULL: none */
    size_t body_length;
    bool repeatable; /* twice does no more than once, as with a key of idempotency */
};

/*
 * Send the request and receive the whole answer, which is the caller's then: after any outcome
 * co_http_answer_free() gives it back. With `http` NULL for this request alone: nothing is kept,
 * and there is no https. Parks.
 */
CO_MUST_CHECK enum co_http_fate co_http_call(struct co_context *context, struct co_http *http,
    const struct co_http_request *request, struct co_http_answer *answer);

/* A GET of the URL. */
CO_MUST_CHECK enum co_http_fate co_http_get(struct co_context *context, struct co_http *http,
    const char *url, struct co_http_answer *answer);

/* --- an answer as it comes: events, downloads, what is passed on ------------------------------ */

struct co_http_exchange;

/* Send the request and receive the head of the answer: ANSWERED with an exchange, to be closed.
 * `why` may be NULL. Parks. */
CO_MUST_CHECK enum co_http_fate co_http_open(struct co_context *context, struct co_http *http,
    const struct co_http_request *request, struct co_http_exchange **exchange,
    struct co_stream_why *why);

/* It is the exchange's, and its text lies elsewhere after each read. */
const struct co_http_head *co_http_exchange_head(const struct co_http_exchange *exchange);

/* It was sent before, over a connection that then broke, and this is the answer to the second time:
 * one that says that nothing was done speaks for that time alone. */
bool co_http_exchange_is_repeated(const struct co_http_exchange *exchange);

/* The body without its framing, byte for byte: 1 to `size` bytes, 0 when it is whole, or -1: then
 * there may have been more. Parks. */
CO_MUST_CHECK ssize_t co_http_exchange_read(
    struct co_context *context, struct co_http_exchange *exchange, void *buffer, size_t size);

/* Keep the connection if the body was read to its end, else close it. Sets *exchange to NULL; never
 * parks. */
void co_http_exchange_close(struct co_http_exchange **exchange);

CO_C_END

#endif
