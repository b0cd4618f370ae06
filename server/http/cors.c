/* SPDX-License-Identifier: MIT */
#include "server/http/cors.h"

#include <string.h>
#include <strings.h>

/* Behind the scheme of an origin; NULL: it has none that pages have. */
static const char *behind_scheme(const char *origin, const char *end)
{
    static const char *const schemes[] = {"https://", "http://"};
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        size_t length = strlen(schemes[i]);
        if ((size_t)(end - origin) > length && memcmp(origin, schemes[i], length) == 0)
            return origin + length;
    }
    return NULL;
}

/* ":8443", but not the port that the scheme has anyway: browsers leave that out. */
static bool is_port(const char *port, const char *end, bool is_secure)
{
    const char *own = is_secure ? ":443" : ":80";
    size_t length = (size_t)(end - port);
    if (length < 2 || length > 6 || (length == strlen(own) && memcmp(port, own, length) == 0))
        return false;
    for (const char *at = port + 1; at < end; at++)
        if (*at < '0' || *at > '9')
            return false;
    return port[1] != '0';
}

/* A scheme, a host and maybe a port: no path, no user, no star. What a browser would write
 * otherwise (in upper case) would never be found, so it is refused. */
static bool is_origin(const char *origin, const char *end)
{
    static const char name[] = "abcdefghijklmnopqrstuvwxyz0123456789-._",
                      six[] = "0123456789abcdef:.";
    const char *host = behind_scheme(origin, end), *at = host;
    bool has_brackets = host && *host == '[';
    const char *good = has_brackets ? six : name;
    if (!host)
        return false;
    at += has_brackets;
    while (at < end && strchr(good, *at))
        at++;
    if (at == host + has_brackets || (has_brackets && (at == end || *at++ != ']')))
        return false;
    return at == end || (*at == ':' && is_port(at, end, origin[4] == 's'));
}

bool cors_read(struct cors *cors, const char *list)
{
    cors->count = 0;
    while (list && *list) {
        size_t length = strcspn(list, ",");
        if (cors->count == CORS_ORIGINS || length >= CORS_ORIGIN_TEXT ||
            !is_origin(list, list + length))
            return false;
        memcpy(cors->origins[cors->count], list, length);
        cors->origins[cors->count++][length] = '\0';
        list += length + (list[length] == ',');
        if (list[-1] == ',' && !*list)
            return false; /* nothing behind the last comma */
    }
    return true;
}

const char *cors_find(const struct cors *cors, const char *origin, size_t length)
{
    for (size_t i = 0; i < cors->count; i++)
        if (strlen(cors->origins[i]) == length &&
            strncasecmp(cors->origins[i], origin, length) == 0)
            return cors->origins[i];
    return NULL;
}
