/* SPDX-License-Identifier: MIT */
/* A line in the log for an answer: which request it was of, what became of it, how long that took.
 * Neither the path nor the query is in it, for they name accounts and keys: the route is. */
#ifndef SERVER_HTTP_HTTP_LOG_H
#define SERVER_HTTP_HTTP_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "server/http/request.h"
#include "server/http/response.h"

enum http_log_which {
    HTTP_LOG_NONE,
    HTTP_LOG_FAILURES, /* those with a status of 500 and more but 503, which says: try again */
    HTTP_LOG_ALL,
};

/* An answer was sent, with a body of so many bytes. `request` NULL: it was refused unread. */
void http_log_answer(enum http_log_which which, const struct request *request,
    const struct response *response, uint64_t bytes, int64_t now_ns);

#endif
