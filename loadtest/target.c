/* SPDX-License-Identifier: MIT */
#include "loadtest/target.h"

#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "coro/http/co_http_url.h"

/* Looked up once, so that no lookup is part of a measurement: from then on it is numbers. */
static bool look_up(const struct co_http_origin *origin, char *address, size_t size)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found;
    char host[46], port[6];
    if (getaddrinfo(origin->host, strrchr(origin->address, ':') + 1, &hints, &found) != 0)
        return false;
    bool good = getnameinfo(found->ai_addr, found->ai_addrlen, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) == 0;
    if (good)
        snprintf(address, size, found->ai_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
    freeaddrinfo(found);
    return good;
}

const char *target_make(const char *url, const char *token, struct target *target)
{
    struct co_http_origin origin;
    const char *path;
    memset(target, 0, sizeof *target);
    if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
        return "the URL must begin with http:// or https://";
    if (!co_http_url_read(url, &origin, &path) ||
        strlen(origin.authority) >= sizeof target->authority)
        return "the URL must be http://HOST:PORT or https://HOST:PORT";
    /* One slash at the end is let pass: browsers show addresses with it. */
    if (path[0] && strcmp(path, "/") != 0)
        return "the URL must be http://HOST:PORT or https://HOST:PORT, without a path";
    snprintf(target->authority, sizeof target->authority, "%.*s", (int)sizeof target->authority - 1,
        origin.authority);
    target->is_secret = origin.secure;
    if (token && strlen(token) >= sizeof target->token)
        return "the token is too long";
    snprintf(target->token, sizeof target->token, "%s", token ? token : "");
    if (!look_up(&origin, target->address, sizeof target->address))
        return "the host of the URL cannot be found";
    return NULL;
}

bool target_trust(
    struct target *target, const struct co_tls_client_options *options, struct co_stream_why *why)
{
    struct co_tls_client_options ours = *options;
    ours.protocols = "http/1.1";
    target->tls = co_tls_client(&ours, why);
    return target->tls != NULL;
}

void target_forget(struct target *target)
{
    co_tls_config_free(&target->tls);
}
