/* SPDX-License-Identifier: MIT */
/* Requests that come too often, from an address or with a token: 429, and when to come again. On
 * the request's worker; never parks. False: it is answered. */
#ifndef SERVER_HTTP_HTTP_RATE_H
#define SERVER_HTTP_HTTP_RATE_H

#include <stdbool.h>

struct http_admission;
struct http_exchange;

/* Before anybody looks at the request. Vital ones, and those of trusted addresses, always pass. */
bool http_rate_admits_address(struct http_exchange *exchange);

/* When it is known who sends it. */
bool http_rate_admits_sender(
    struct http_exchange *exchange, const struct http_admission *admission);

#endif
