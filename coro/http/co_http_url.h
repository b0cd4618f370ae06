/* SPDX-License-Identifier: MIT */
/* The parts of a URL that an HTTP client needs. No memory, no parking: from any thread. */
#ifndef CORO_CO_HTTP_URL_H
#define CORO_CO_HTTP_URL_H

#include <stdbool.h>

#include "coro/ensure.h"
#include "coro/language.h"

CO_C_BEGIN

enum { CO_HTTP_HOST_MAX = 256, CO_HTTP_AUTHORITY_MAX = 272 };

/* Whom to ask. Equal ones can be asked over one connection. */
struct co_http_origin {
    bool secure;                         /* https */
    char host[CO_HTTP_HOST_MAX];         /* a name or a number, without brackets */
    char address[CO_HTTP_AUTHORITY_MAX]; /* for co_net_dial(): "[::1]:80", the port always said */
    char
        authority[CO_HTTP_AUTHORITY_MAX]; /* for Host: as the URL has it, a default port left out */
};

/*
 * "http://host[:port][/path][?query][#fragment]", or https. *target, what to ask for, becomes the
 * part of `url` from the path on, or "" where there is none; a request says "/" before one that has
 * no path, and leaves the fragment out (co_http_connection.h). False: it is not of that form, has a
 * user in it, or characters that no URL has (blanks, control characters, bytes beyond ASCII).
 */
CO_MUST_CHECK bool co_http_url_read(
    const char *url, struct co_http_origin *origin, const char **target);

CO_C_END

#endif
