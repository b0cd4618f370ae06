/* SPDX-License-Identifier: MIT */
#include "server/api/session.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "server/api/call.h"
#include "server/auth/token_cache.h"

static const char cookie_name[] = "teller_session", bearer[] = "Bearer ";

enum { COOKIE_TEXT = 200 };

/* A browser says which way it came, if TLS does not end here; only over TLS will it send a cookie
 * that is Secure. */
static void set_cookie(struct call *call, const char *value, const char *more)
{
    const char *origin = call->request->origin;
    char *text = arena_alloc(call->arena, COOKIE_TEXT);
    bool over_tls = call->request->is_secret || (origin && strncasecmp(origin, "https://", 8) == 0);
    snprintf(text, COOKIE_TEXT, "%s=%.*s; Path=/v1; HttpOnly; SameSite=Strict%s%s", cookie_name,
        TOKEN_TEXT, value, over_tls ? "; Secure" : "", more);
    call->response->set_cookie = text;
    call->response->status = 204;
}

void session_post(struct call *call)
{
    const char *authorization = call->request->authorization;
    bool has_token = authorization && strlen(authorization) > sizeof bearer - 1;
    if (has_token) /* it was checked before we are asked */
        set_cookie(call, authorization + sizeof bearer - 1, "");
    call->response->status = 204; /* without tokens all may read */
}

void session_delete(struct call *call)
{
    set_cookie(call, "", "; Max-Age=0");
}

const char *session_authorization(struct call *call)
{
    size_t length = sizeof cookie_name - 1;
    for (const char *at = call->request->cookie; at && *at; at += *at == ';') {
        at += strspn(at, " ");
        /* The cookie of this name, among those of other programs on this host. */
        size_t size = strcspn(at, ";");
        if (size > length && memcmp(at, cookie_name, length) == 0 && at[length] == '=') {
            char *text = arena_alloc(call->arena, sizeof bearer + size);
            snprintf(text, sizeof bearer + size, "%s%.*s", bearer, (int)(size - length - 1),
                at + length + 1);
            return text;
        }
        at += size;
    }
    return NULL;
}
