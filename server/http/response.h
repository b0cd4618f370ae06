/* SPDX-License-Identifier: MIT */
/* The answer to a request, filled by a handler and carried out by http.c. */
#ifndef SERVER_HTTP_RESPONSE_H
#define SERVER_HTTP_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct request;
struct http_stream;

struct response {
    int status;               /* of HTTP */
    const char *content_type; /* NULL: there is no body */
    const char *body;         /* lives as long as the request */
    size_t length;

    /* Headers; 0, NULL or false: not sent. */
    uint64_t ledger_seq;
    bool has_ledger_seq, replayed, challenge /* WWW-Authenticate */;
    int retry_after_s;
    const char *location, *allow, *etag, *set_cookie;
    bool is_page; /* part of the dashboard: Content-Security-Policy and its like */

    /* Not NULL: the body is what this coroutine writes with http_stream_write(). */
    void (*stream)(struct http_stream *stream, struct request *request, void *arg);
    void *stream_arg;

    bool moves_money; /* counts in the histogram of money-moving requests */
    struct {          /* what became of the items of a batch; all 0: it is one by its status */
        uint32_t committed, rejected, replayed;
    } items;
};

#endif
