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

static bool parse(const char *text, uint8_t bytes[ADDRESS_BYTES])
{
    uint8_t v4[4];
    if (inet_pton(AF_INET, text, v4) != 1)
        return inet_pton(AF_INET6, text, bytes) == 1;
    map(bytes, v4);
    return true;
}

/* ":80", or one that says nothing (RFC 7239, 6); nothing at all is good, too. */
static bool is_port(const char *text)
{
    static const char digits[] = "0123456789",
                      hidden[] =
                          "0123456789._-abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    size_t length = strlen(text);
    if (length == 0)
        return true;
    if (*text != ':' || length < 2)
        return false;
    size_t number = strspn(text + 1, digits), name = strspn(text + 1, hidden);
    return (number == length - 1 && number <= 5) || (text[1] == '_' && name == length - 1);
}

bool address_parse_node(const char *text, size_t length, uint8_t bytes[ADDRESS_BYTES])
{
    char copy[2 * TEXT];
    if (length >= sizeof copy || memchr(text, '\0', length))
        return false;
    memcpy(copy, text, length);
    copy[length] = '\0';
    /* IPv6 stands in brackets, lest its colons be taken for that of a port; or alone. */
    char *close = *copy == '[' ? strchr(copy, ']') : NULL;
    if (close) {
        *close = '\0';
        return strchr(copy, ':') && is_port(close + 1) && parse(copy + 1, bytes);
    }
    char *colon = strchr(copy, ':');
    if (colon && colon == strrchr(copy, ':')) {
        if (!is_port(colon))
            return false;
        *colon = '\0';
    }
    return parse(copy, bytes);
}

void address_write(const uint8_t bytes[ADDRESS_BYTES], char text[ADDRESS_TEXT])
{
    bool is_v4 = is_mapped(bytes);
    (void)inet_ntop(is_v4 ? AF_INET : AF_INET6, bytes + (is_v4 ? MAPPED : 0), text, ADDRESS_TEXT);
}

/* "ADDRESS" or "ADDRESS/BITS". */
static bool read_range(struct address_range *range, char *text)
{
    char *slash = strchr(text, '/'), *end = NULL;
    if (slash)
        *slash = '\0';
    if (!parse(text, range->bytes))
        return false;
    bool is_v4 = !strchr(text, ':');
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
