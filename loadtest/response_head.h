/* SPDX-License-Identifier: MIT */
/* An answer of the service: what HTTP says of it, and what the service adds. See client.h. */
#ifndef LOADTEST_RESPONSE_HEAD_H
#define LOADTEST_RESPONSE_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coro/ensure.h"
#include "coro/http/co_http_head.h"

/* Valid until the client is used again. */
struct response {
    int status;
    bool replayed;            /* Idempotency-Replayed: true */
    bool chunked;             /* the body comes in chunks, or came so */
    int64_t seq;              /* Ledger-Seq; -1: the answer has none */
    struct co_http_head head; /* status line and headers, with the empty line that ends them */
    const char *body;
    size_t body_length;
};

/* Fills all of *response but the body. False if a field of the service is not what it should be. */
CO_MUST_CHECK bool response_read_head(const struct co_http_head *head, struct response *response);

/* Copy the value of a header, ended; false if the answer has none or it does not fit. */
bool response_header(const struct response *response, const char *name, char *value, size_t size);

#endif
