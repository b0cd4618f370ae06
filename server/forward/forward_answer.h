/* SPDX-License-Identifier: MIT */
/*
 * Another server's answer, to be given as it came: its status, the bytes of its body, and those of
 * its headers that are for the client. What each hop says for itself (Date, X-Request-Id,
 * Server-Timing, whether it may be kept, what browsers are told about origins, the framing) is said
 * by this server.
 */
#ifndef SERVER_FORWARD_FORWARD_ANSWER_H
#define SERVER_FORWARD_FORWARD_ANSWER_H

#include <stdbool.h>

#include "coro/context.h"
#include "coro/ensure.h"
#include "coro/http/co_http.h"
#include "server/http/request.h"
#include "server/http/response.h"

enum {
    FORWARD_ANSWER_FIELDS = 24,
    FORWARD_ANSWER_BYTES = 4096, /* of their names and values; 512 for an event stream */
    FORWARD_ANSWER_BODY_MAX = 64 << 20,
};

/* Is that header of an answer for the client? */
bool forward_answer_passes(const struct co_http_head *head, const struct co_http_field *field);

/* An answer without an end, of events. */
bool forward_answer_is_stream(const struct co_http_head *head);

/* Status and headers into the response, and who answered; all of it in the request's arena. False:
 * it is not an answer that can be passed on. Never parks. */
CO_MUST_CHECK bool forward_answer_head(const struct co_http_head *head, const char *owner,
    struct request *request, struct response *response);

/* The body into the response. False: it was cut, or is too long for us. Parks. */
CO_MUST_CHECK bool forward_answer_body(struct co_context *context,
    struct co_http_exchange *exchange, struct request *request, struct response *response);

#endif
