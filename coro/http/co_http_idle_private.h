/* SPDX-License-Identifier: MIT */
/* Connections that are kept for the next request, by whom they lead to. For the files of HTTP. */
#ifndef CORO_CO_HTTP_IDLE_PRIVATE_H
#define CORO_CO_HTTP_IDLE_PRIVATE_H

#include "coro/http/co_http_connection.h"
#include "coro/http/co_http_url.h"
#include "coro/mutex.h"

enum { CO_HTTP_IDLE_ALL = 256 };

struct co_http_idle_one;

/* All zero but the limits: nothing is kept. */
struct co_http_idle {
    struct co_mutex mutex; /* held for the list alone: connections are closed without it */
    struct co_http_idle_one *newest;
    int per_origin; /* at most so many of one */
    int64_t for_ns; /* and for so long */
};

/* One that is open and has nothing to read; NULL: there is none. The caller's from now on. */
struct co_http_connection *co_http_idle_take(
    struct co_http_idle *idle, const struct co_http_origin *origin);

/* Keep it, or close it if it cannot be used again or there are too many. */
void co_http_idle_put(struct co_http_idle *idle, const struct co_http_origin *origin,
    struct co_http_connection *connection);

/* Close all. */
void co_http_idle_clear(struct co_http_idle *idle);

#endif
