/* SPDX-License-Identifier: MIT */
#include "coro/http/co_http_url.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool is_printable(const char *text)
{
    for (; *text; text++)
        if (*text <= ' ' || *text > '~')
            return false;
    return true;
}

/* A port of 1 to 65535, or -1. */
static int port_in(const char *digits, size_t length)
{
    int port = 0;
    if (length == 0 || length > 5)
        return -1;
    for (size_t i = 0; i < length; i++) {
        if (digits[i] < '0' || digits[i] > '9')
            return -1;
        port = port * 10 + (digits[i] - '0');
    }
    return port >= 1 && port <= 65535 ? port : -1;
}

/* The length of the host at the beginning of the authority, brackets included; 0: there is none. */
static size_t host_length(const char *authority, size_t length)
{
    if (authority[0] != '[') {
        const char *colon = memchr(authority, ':', length);
        return colon ? (size_t)(colon - authority) : length;
    }
    const char *end = memchr(authority, ']', length);
    return end && end > authority + 2 ? (size_t)(end + 1 - authority) : 0;
}

static bool read_authority(const char *text, size_t length, struct co_http_origin *origin)
{
    size_t host = length > 0 ? host_length(text, length) : 0;
    int default_port = origin->secure ? 443 : 80, port = default_port;
    if (host == 0 || host >= CO_HTTP_HOST_MAX || memchr(text, '@', length))
        return false;
    if (text[0] != '[' && (memchr(text, '[', length) || memchr(text, ']', length)))
        return false;
    if (host < length)
        port = text[host] == ':' ? port_in(text + host + 1, length - host - 1) : -1;
    if (port < 0)
        return false;
    int bracket = text[0] == '[';
    snprintf(origin->host, sizeof origin->host, "%.*s", (int)host - 2 * bracket, text + bracket);
    snprintf(origin->address, sizeof origin->address, "%.*s:%d", (int)host, text, port);
    if (port == default_port)
        snprintf(origin->authority, sizeof origin->authority, "%.*s", (int)host, text);
    else
        memcpy(origin->authority, origin->address, sizeof origin->authority);
    return true;
}

bool co_http_url_read(const char *url, struct co_http_origin *origin, const char **target)
{
    *origin = (struct co_http_origin){0};
    if (!is_printable(url))
        return false;
    if (strncasecmp(url, "https://", 8) == 0)
        origin->secure = true;
    else if (strncasecmp(url, "http://", 7) != 0)
        return false;
    const char *authority = url + (origin->secure ? 8 : 7);
    size_t length = strcspn(authority, "/?#");
    *target = authority + length;
    return read_authority(authority, length, origin);
}
