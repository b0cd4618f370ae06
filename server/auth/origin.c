/* SPDX-License-Identifier: MIT */
#include "server/auth/origin.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

static bool names_host(const char *host, const char *name)
{
    size_t length = strlen(name);
    /* With a port or without. */
    return strncasecmp(host, name, length) == 0 && (!host[length] || host[length] == ':');
}

bool origin_host_is_local(const char *host, const char *own)
{
    static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};
    for (size_t i = 0; host && i < sizeof names / sizeof names[0]; i++)
        if (names_host(host, names[i]))
            return true;
    return host && own && *own && names_host(host, own);
}

/* "http://HOST" with the very Host that the request was sent to. */
static bool is_own_origin(const char *origin, const char *host)
{
    const char *authority = strstr(origin, "://");
    return host && authority && strcasecmp(authority + 3, host) == 0;
}

/* "none": the user typed the address. */
static bool is_own_site(const char *site)
{
    return strcasecmp(site, "same-origin") == 0 || strcasecmp(site, "none") == 0;
}

bool origin_is_foreign(const struct request *request, bool with_tokens)
{
    if (request->is_of_welcome_origin)
        return false;
    if (request->fetch_site)
        return !is_own_site(request->fetch_site);
    return !with_tokens && request->origin && !is_own_origin(request->origin, request->host);
}

bool origin_may_use_cookie(const struct request *request)
{
    if (request->fetch_site)
        return is_own_site(request->fetch_site);
    return !request->is_of_welcome_origin || is_own_origin(request->origin, request->host);
}
