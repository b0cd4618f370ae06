/* SPDX-License-Identifier: MIT */
/*
 * Whom a proxy speaks for, by the headers that it sends: Forwarded (RFC 7239), X-Forwarded-For and
 * X-Forwarded-Proto. Each proxy on the way adds the address that it was called from behind those
 * that were there, and whatever was there may be the client's own invention. So of a list the last
 * address counts that is not a proxy's of ours; if all are ours, the first. Nothing here allocates.
 */
#ifndef SERVER_HTTP_FORWARDED_H
#define SERVER_HTTP_FORWARDED_H

#include <stdbool.h>
#include <stdint.h>

#include "server/http/address.h"
#include "server/http/http_head.h"

enum forwarded_said {
    FORWARDED_NOTHING, /* no such header: the proxy asks by itself */
    /* For somebody that it hides (`unknown`, `_hidden`) or that cannot be read; or the two headers,
     * of which a proxy writes one and lets the other pass, do not say the same. */
    FORWARDED_UNCLEAR,
    FORWARDED_CLIENT,
};

struct forwarded {
    enum forwarded_said said;
    uint8_t client[ADDRESS_BYTES]; /* of FORWARDED_CLIENT */
    bool is_secret;                /* the client's own connection is over TLS */
};

/* Of a head that came from one of `proxies`; `bytes` are what was scanned. */
void forwarded_read(struct forwarded *forwarded, const struct address_ranges *proxies,
    const struct http_head *head, const char *bytes);

#endif
