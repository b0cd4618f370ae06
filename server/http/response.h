/* SPDX-License-Identifier: MIT */
/* The answer to a request, filled by a handler and carried out by http.c. */
#ifndef SERVER_HTTP_RESPONSE_H
#define SERVER_HTTP_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coro/ensure.h"

struct request;
struct http_echo;
struct http_stream;

enum { RESPONSE_FIELDS = 4, RESPONSE_STAGES = 4, RESPONSE_STAGE_NAME = 8 };

struct response_field {
    const char *name, *value;
};

/* A stage that the request went through, for Server-Timing. */
struct response_stage {
    const char *name; /* a token of at most RESPONSE_STAGE_NAME characters, static */
    int64_t end_ns;   /* on co_clock_now_ns(); where the next one begins */
};

struct response {
    int status;               /* of HTTP */
    const char *content_type; /* NULL: there is no body */
    const char *body;         /* lives as long as the request */
    size_t length;

    /* Headers of the application's own, in the order in which they are sent; then ours: 0, NULL or
     * false: not sent. The values live as long as the request. */
    struct response_field fields[RESPONSE_FIELDS];
    size_t field_count;
    const struct response_field *passed; /* more of them, of another server's answer */
    size_t passed_count;
    int retry_after_s;
    const char *challenge; /* WWW-Authenticate */
    const char *allow, *etag, *set_cookie;
    int64_t began_ns; /* when the request's head was whole; 0: it never was */
    struct response_stage stages[RESPONSE_STAGES];
    size_t stage_count;
    const char *encoding; /* of the body: "gzip"; NULL: as it is */
    bool varies;          /* by Accept-Encoding */
    bool is_page;         /* part of the dashboard, which browsers keep and ask for again */
    bool is_document;     /* and one that runs the rest: Content-Security-Policy and its like */
    bool is_preflight;    /* the browser asks what a page of another origin may send: `allow` */

    /* Of the request, for its answer and for the log; set before the application is asked. */
    const struct http_echo *echo;
    /* What the application knows of it, for the log alone. */
    const char *route; /* the path's pattern; NULL: none */
    int64_t token;     /* the id of its token; 0: none, or a bad one */

    /* Not NULL: the body is what this coroutine writes with http_stream_write(). */
    void (*stream)(struct http_stream *stream, struct request *request, void *arg);
    void *stream_arg;
};

/* Another header of the application's own. */
static inline void response_add(struct response *response, const char *name, const char *value)
{
    co_ensure(response->field_count < RESPONSE_FIELDS);
    response->fields[response->field_count++] = (struct response_field){name, value};
}

/* The next stage, which ended at that time. */
static inline void response_stage(struct response *response, const char *name, int64_t end_ns)
{
    co_ensure(response->stage_count < RESPONSE_STAGES);
    response->stages[response->stage_count++] = (struct response_stage){name, end_ns};
}

#endif
