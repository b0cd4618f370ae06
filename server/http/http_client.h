/* SPDX-License-Identifier: MIT */
/* Who asks, for limits and for the log: the other side of a connection, or somebody that a proxy
 * speaks for. */
#ifndef SERVER_HTTP_HTTP_CLIENT_H
#define SERVER_HTTP_HTTP_CLIENT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "server/http/address.h"
#include "server/http/http_head.h"

/* Of addresses. */
struct http_client_rules {
    struct address_ranges trusted; /* may have any number of connections and requests */
    struct address_ranges proxies; /* the same, and they are believed whom they speak for */
};

struct http_client {
    uint8_t address[ADDRESS_BYTES]; /* all of it */
    bool is_known;                  /* it has one */
    bool is_limited;                /* in how many connections and requests it may have */
    bool is_proxy;                  /* it is believed whom it speaks for */
    bool is_secret;                 /* a proxy says that it came over TLS to there */
};

/* The other side of a connection; NULL: it has no address. */
void http_client_of_peer(
    struct http_client *peer, const struct http_client_rules *rules, const struct sockaddr *from);

/* Whoever sent a request over it, by its head as far as that was read; NULL: by nothing. Whom a
 * proxy hides, or names so that nobody understands it, counts as the proxy, with limits. */
void http_client_of_head(struct http_client *client, const struct http_client *peer,
    const struct http_client_rules *rules, const struct http_head *head, const char *bytes);

#endif
