/* SPDX-License-Identifier: MIT */
/* IPv4 is kept as IPv6 (::ffff:a.b.c.d), so that one comparison serves both. */
#include "server/http/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

enum { MAPPED = 12 /* bytes before an IPv4 address */, TEXT = 64 };

static const uint8_t prefix[MAPPED] = {[10] = 0xff, [11] = 0xff};

static void map(uint8_t bytes[ADDRESS_BYTES], const void *v4)
{
    memcpy(bytes, prefix, MAPPED);
    memcpy(bytes + MAPPED, v4, 4);
}

static bool is_mapped(const uint8_t bytes[ADDRESS_BYTES])
{
    return memcmp(bytes, prefix, MAPPED) == 0;
}

bool address_read(const struct sockaddr *from, uint8_t bytes[ADDRESS_BYTES])
{
    if (from->sa_family == AF_INET)
        map(bytes, &((const struct sockaddr_in *)(const void *)from)->sin_addr);
    else if (from->sa_family == AF_INET6)
        memcpy(bytes, &((const struct sockaddr_in6 *)(const void *)from)->sin6_addr, ADDRESS_BYTES);
    return from->sa_family == AF_INET || from->sa_family == AF_INET6;
}

/* A customer has at least 2^64 addresses of IPv6, so only the network counts. */
void address_shorten(uint8_t bytes[ADDRESS_BYTES])
{
    if (!is_mapped(bytes))
        memset(bytes + ADDRESS_BYTES / 2, 0, ADDRESS_BYTES / 2);
}

/* "ADDRESS" or "ADDRESS/BITS". */
static bool read_range(struct address_range *range, char *text)
{
    uint8_t v4[4];
    char *slash = strchr(text, '/'), *end = NULL;
    if (slash)
        *slash = '\0';
    bool is_v4 = inet_pton(AF_INET, text, v4) == 1;
    if (is_v4)
        map(range->bytes, v4);
    else if (inet_pton(AF_INET6, text, range->bytes) != 1)
        return false;
    unsigned long most = is_v4 ? 32 : 128, bits = most;
    if (slash) {
        bits = strtoul(slash + 1, &end, 10);
        if (slash[1] < '0' || slash[1] > '9' || *end || bits > most)
            return false;
    }
    range->bits = (unsigned)bits + (is_v4 ? 8 * MAPPED : 0);
    return true;
}

bool address_ranges_read(struct address_ranges *ranges, const char *text)
{
    *ranges = (struct address_ranges){.count = 0};
    while (*text) {
        char one[TEXT];
        size_t length = strcspn(text, ",");
        if (length >= sizeof one || ranges->count == ADDRESS_RANGES)
            return false;
        memcpy(one, text, length);
        one[length] = '\0';
        if (!read_range(&ranges->ranges[ranges->count++], one))
            return false;
        text += length + (text[length] == ',');
    }
    return true;
}

static bool is_within(const struct address_range *range, const uint8_t bytes[ADDRESS_BYTES])
{
    unsigned whole = range->bits / 8, rest = range->bits % 8;
    /* Whole bytes, then the bits that are left of the range. */
    return memcmp(range->bytes, bytes, whole) == 0 &&
           (!rest || (range->bytes[whole] ^ bytes[whole]) >> (8 - rest) == 0);
}

bool address_is_in(const struct address_ranges *ranges, const uint8_t bytes[ADDRESS_BYTES])
{
    for (size_t i = 0; i < ranges->count; i++)
        if (is_within(&ranges->ranges[i], bytes))
            return true;
    return false;
}
