/* SPDX-License-Identifier: MIT */
/*
 * Pages of other origins that may use the service from a browser (Fetch, CORS): those that were
 * named at the start, and no others. They send a token like every client; cookies are not taken
 * from them, nor are they told that any would be.
 */
#ifndef SERVER_HTTP_CORS_H
#define SERVER_HTTP_CORS_H

#include <stdbool.h>
#include <stddef.h>

#include "coro/ensure.h"

enum { CORS_ORIGINS = 16, CORS_ORIGIN_TEXT = 256 };

struct cors {
    size_t count; /* 0: none, and no answer speaks of it */
    char origins[CORS_ORIGINS][CORS_ORIGIN_TEXT];
};

/* "https://app.example,http://localhost:3000": scheme, host, and the port unless it is the scheme's
 * own, as browsers write it. False: it is not such a list, or has more than CORS_ORIGINS. */
CO_MUST_CHECK bool cors_read(struct cors *cors, const char *list);

/* The origin as it stands in the list, for as long as that lives; NULL: it does not. */
const char *cors_find(const struct cors *cors, const char *origin, size_t length);

/* What pages may send besides what all may, and read besides it; how long a browser may remember
 * that. */
#define CORS_ALLOW_HEADERS                                                                         \
    "Authorization, Content-Type, Idempotency-Key, If-Ledger-Seq, If-None-Match, Last-Event-ID, "  \
    "Prefer, Traceparent, Tracestate, X-Request-Id"
#define CORS_EXPOSE_HEADERS                                                                        \
    "Allow, ETag, Idempotency-Replayed, Ledger-Seq, Ledger-Stale, Location, Preference-Applied, "  \
    "RateLimit, RateLimit-Policy, Retry-After, Server-Timing, Teller-Owner, WWW-Authenticate, "    \
    "X-Request-Id"
#define CORS_MAX_AGE "600"

#endif
