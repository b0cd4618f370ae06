/* SPDX-License-Identifier: MIT */
/* An HTTP answer, and its head, read in place. It comes by client.h. */
#ifndef LOADTEST_RESPONSE_HEAD_H
#define LOADTEST_RESPONSE_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coro/ensure.h"

/* Valid until the client is used again. */
struct response {
    int status;
    bool replayed;    /* Idempotency-Replayed: true */
    bool closes;      /* Connection: close */
    bool chunked;     /* only after client_receive_head(): the body has no known length */
    int64_t seq;      /* Ledger-Seq; -1: the answer has none */
    const char *head; /* status line and headers, with the empty line that ends them */
    size_t head_length;
    const char *body;
    size_t body_length;
};

/*
 * `head` is everything up to and with the first empty line. Fills all of *response but the body.
 * *body_length: Content-Length; -1: not said. False if it is not an HTTP/1.1 answer, or one that
 * contradicts itself (two lengths, or a length and chunks).
 */
CO_MUST_CHECK bool response_read_head(
    const char *head, size_t length, struct response *response, int64_t *body_length);

/* Copy the value of a header, ended; false if the answer has none or it does not fit. */
bool response_header(const struct response *response, const char *name, char *value, size_t size);

#endif
