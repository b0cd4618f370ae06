/* SPDX-License-Identifier: MIT */
/* Where a connection comes from, as far as limits are concerned: IPv4, or the first half of IPv6,
 * which is what one customer of a network is given. And ranges of addresses. */
#ifndef SERVER_HTTP_ADDRESS_H
#define SERVER_HTTP_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "coro/ensure.h"

enum { ADDRESS_BYTES = 16, ADDRESS_RANGES = 16 };

struct address_range {
    uint8_t bytes[ADDRESS_BYTES]; /* of IPv6; IPv4 is mapped */
    unsigned bits;                /* of them that count */
};

struct address_ranges {
    size_t count;
    struct address_range ranges[ADDRESS_RANGES];
};

/* Read "127.0.0.0/8,::1"; "" is none. False: it is not such a list. */
CO_MUST_CHECK bool address_ranges_read(struct address_ranges *ranges, const char *text);

/* The whole address, and what of it counts; false: it is neither IPv4 nor IPv6. */
CO_MUST_CHECK bool address_read(const struct sockaddr *from, uint8_t bytes[ADDRESS_BYTES]);
void address_shorten(uint8_t bytes[ADDRESS_BYTES]);

bool address_is_in(const struct address_ranges *ranges, const uint8_t bytes[ADDRESS_BYTES]);

#endif
