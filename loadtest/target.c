/* SPDX-License-Identifier: MIT */
#include "loadtest/target.h"

#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Split "HOST[:PORT]" or "[V6][:PORT]". */
static bool split(const char *authority, char host[128], char port[6])
{
    const char *end = authority + strlen(authority), *host_end = end;
    const char *from = authority, *colon;
    /* An IPv6 address has colons of its own, so it stands in brackets. */
    if (*from == '[') {
        host_end = strchr(++from, ']');
        if (!host_end || (host_end[1] != '\0' && host_end[1] != ':'))
            return false;
        colon = host_end[1] == ':' ? host_end + 1 : NULL;
    } else {
        colon = strchr(from, ':');
        if (colon)
            host_end = colon;
    }
    const char *digits = colon ? colon + 1 : "80";
    if (host_end == from || strlen(digits) > 5 || strspn(digits, "0123456789") != strlen(digits))
        return false;
    snprintf(host, 128, "%.*s", (int)(host_end - from), from);
    snprintf(port, 6, "%s", digits);
    return true;
}

const char *target_make(const char *url, const char *token, struct target *target)
{
    static const char scheme[] = "http://";
    memset(target, 0, sizeof *target);
    if (strncmp(url, scheme, sizeof scheme - 1) != 0)
        return "the URL must begin with http://";
    const char *authority = url + sizeof scheme - 1;
    /* One slash at the end is let pass: browsers show addresses with it. */
    size_t length = strcspn(authority, "/");
    if (length == 0 || length >= sizeof target->authority ||
        (authority[length] == '/' && authority[length + 1] != '\0'))
        return "the URL must be http://HOST:PORT, without a path";
    memcpy(target->authority, authority, length);
    if (token && strlen(token) >= sizeof target->token)
        return "the token is too long";
    snprintf(target->token, sizeof target->token, "%s", token ? token : "");
    char host[128], port[6];
    if (!split(target->authority, host, port))
        return "the URL must be http://HOST:PORT";
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found;
    /* Looked up once, so that no lookup is part of a measurement. */
    if (getaddrinfo(host, port, &hints, &found) != 0)
        return "the host of the URL cannot be found";
    memcpy(&target->address, found->ai_addr, found->ai_addrlen);
    target->address_length = found->ai_addrlen;
    freeaddrinfo(found);
    return NULL;
}
