/* SPDX-License-Identifier: MIT */
/*
 * Whose page sent a request. A browser sends requests for any page that it shows, with the reach of
 * the machine that it runs on: a page from elsewhere could move money on a service that listens on
 * loopback and asks for no token. Two things give it away:
 * - the browser says for whose page it asks (Sec-Fetch-Site, or in older ones Origin), and no page
 *   can change that;
 * - a page whose own name was pointed at loopback (DNS rebinding) still says that name as the Host.
 * Programs other than browsers send neither header, and go on as before.
 */
#ifndef SERVER_AUTH_ORIGIN_H
#define SERVER_AUTH_ORIGIN_H

#include <stdbool.h>

#include "server/http/request.h"

/* The Host is one of a service on loopback: localhost, 127.0.0.1, [::1], or `own` (may be NULL):
 * the host that it was told to listen on; with any port. */
bool origin_host_is_local(const char *host, const char *own);

/* A page of another origin had it sent, none of those that are welcome (cors.h). Without tokens the
 * Origin counts where there is no Sec-Fetch-Site; with them it does not, because a proxy may have
 * changed the Host that it is compared with, and no page can send a token that it does not have. */
bool origin_is_foreign(const struct request *request, bool with_tokens);

/* A cookie may stand for its token. Not for a page of another origin, welcome or not: its browser
 * would add the cookie though the page does not have the token. */
bool origin_may_use_cookie(const struct request *request);

#endif
