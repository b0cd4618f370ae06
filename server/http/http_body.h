/* SPDX-License-Identifier: MIT */
/*
 * The bodies of requests as they come in. All of them together have a budget; what is taken of it
 * is what has come, not what was announced. Whoever sends slowly gives way when it is used up.
 */
#ifndef SERVER_HTTP_HTTP_BODY_H
#define SERVER_HTTP_HTTP_BODY_H

#include <stddef.h>
#include <stdint.h>

#include "coro/ensure.h"

struct http_exchange;
struct http_peer;

enum http_body_added {
    HTTP_BODY_ADDED,
    HTTP_BODY_TOO_LARGE,
    HTTP_BODY_NO_MEMORY, /* nor another body that could give way */
};

/* A piece of the body has come. */
CO_MUST_CHECK enum http_body_added http_body_add(
    struct http_exchange *exchange, const char *data, size_t size);

/* Give its memory back. */
void http_body_free(struct http_exchange *exchange);

/* How long this body may take: what comes must not come too slowly. */
int64_t http_body_limit_ns(const struct http_peer *peer);

#endif
