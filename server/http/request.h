/* SPDX-License-Identifier: MIT */
/*
 * An HTTP request as the handlers see it. Everything in it lives until the answer has been sent;
 * what the handlers need besides comes from its arena.
 */
#ifndef SERVER_HTTP_REQUEST_H
#define SERVER_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coro/ensure.h"
#include "server/text/arena.h"

enum {
    REQUEST_SMALL_BODY_MAX = 1024,            /* what one server asks of another */
    REQUEST_BODY_MAX = 256 * 1024,            /* 1,000 postings of the longest kind, and metadata */
    REQUEST_LARGE_BODY_MAX = 8 * 1024 * 1024, /* 10,000 transfers */
    REQUEST_SEGMENTS = 8,
    REQUEST_QUERY = 8,
};

enum request_method {
    REQUEST_GET,
    REQUEST_HEAD,
    REQUEST_POST,
    REQUEST_DELETE,
    REQUEST_OPTIONS,
    REQUEST_OTHER
};

struct request_parameter {
    const char *name, *value;
};

struct request {
    struct arena arena;
    enum request_method method;
    const char *target;                /* as it came; those below are it, taken apart and decoded */
    size_t segment_count, query_count; /* no segment: the target is "*", all of the server */
    const char *segments[REQUEST_SEGMENTS];
    struct request_parameter query[REQUEST_QUERY];

    /* Headers, without the blanks around their values; NULL: not there. Those that came in several
     * lines are one list. */
    const char *authorization, *content_type, *cookie, *host, *if_none_match;
    const char *idempotency_key, *last_event_id, *origin, *prefer, *fetch_site, *if_ledger_seq;
    const char *accept_encoding, *content_encoding;
    const char *traceparent, *tracestate; /* for other servers */
    const char *hop;                      /* not NULL: another server passes it on */
    const char *asked_method;             /* Access-Control-Request-Method, of a preflight */
    bool is_of_welcome_origin;            /* the page that sent it is one of those in cors.h */

    bool is_secret; /* it came over TLS that ends here, or in front of a proxy that may say so */
    bool has_body;  /* not known to be empty, at the head */
    char *body;     /* with an end; NULL: none came */
    size_t body_length;

    int64_t waited_ns;  /* since all of it was here, for its turn */
    int64_t arrived_ns; /* co_clock_now_ns() when its first line was read */

    void *call; /* what the application has made of it (http.h: admit), until its end() */
};

/* Take the target apart: a path with or without a query, "*", or "" for "/". False: it is malformed
 * (a bad percent escape, a NUL, what is not UTF-8), or has too many parts. Outside /v1 that is said
 * of the path only, and parameters that cannot be read are left out. */
CO_MUST_CHECK bool request_read_target(struct request *request, const char *target, size_t length);

/* The value of a query parameter; NULL if it was not given. */
const char *request_query(const struct request *request, const char *name);

/* The content type is application/json, in UTF-8, whatever other parameters it has. */
bool request_is_json(const struct request *request);

/* The body is packed in some way, as Content-Encoding says. */
bool request_is_encoded(const struct request *request);

/* If-None-Match lists this entity tag (strong, with its quotes), maybe as a weak one, or "*". */
bool request_has_etag(const struct request *request, const char *etag);

#endif
