/* SPDX-License-Identifier: MIT */
/* Where somebody comes from, and what of that counts for limits: IPv4, or the first half of IPv6,
 * which is what one customer of a network is given. And ranges of addresses. */
#ifndef SERVER_HTTP_ADDRESS_H
#define SERVER_HTTP_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "coro/ensure.h"

enum { ADDRESS_BYTES = 16, ADDRESS_RANGES = 16, ADDRESS_TEXT = 46 };

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

/* An address as proxies write it: "192.0.2.1", "2001:db8::1", and behind it maybe a port, which is
 * not kept: "192.0.2.1:80", "[2001:db8::1]:80", "[::1]:_hidden". False: it is not one. */
CO_MUST_CHECK bool address_parse_node(
    const char *text, size_t length, uint8_t bytes[ADDRESS_BYTES]);

/* As people write it: IPv4 as such. */
void address_write(const uint8_t bytes[ADDRESS_BYTES], char text[ADDRESS_TEXT]);

bool address_is_in(const struct address_ranges *ranges, const uint8_t bytes[ADDRESS_BYTES]);

#endif
