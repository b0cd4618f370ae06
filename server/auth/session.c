/* SPDX-License-Identifier: MIT */
#include "server/auth/session.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "server/http/request.h"
#include "server/http/response.h"
#include "server/auth/token_cache.h"

static const char cookie_name[] = "teller_session", bearer[] = "Bearer ";

enum { COOKIE_TEXT = 200 };

/* A browser says which way it came; only over TLS will it send a cookie that is Secure. */
static void set_cookie(
    struct request *request, struct response *response, const char *value, const char *more)
{
    char *text = arena_alloc(&request->arena, COOKIE_TEXT);
    bool over_tls = request->origin && strncasecmp(request->origin, "https://", 8) == 0;
    snprintf(text, COOKIE_TEXT, "%s=%.*s; Path=/v1; HttpOnly; SameSite=Strict%s%s", cookie_name,
        TOKEN_TEXT, value, over_tls ? "; Secure" : "", more);
    response->set_cookie = text;
    response->status = 204;
}

void session_post(struct request *request, struct response *response)
{
    const char *authorization = request->authorization;
    bool has_token = authorization && strlen(authorization) > sizeof bearer - 1;
    if (has_token) /* it was checked before we are asked */
        set_cookie(request, response, authorization + sizeof bearer - 1, "");
    response->status = 204; /* without tokens all may read */
}

void session_delete(struct request *request, struct response *response)
{
    set_cookie(request, response, "", "; Max-Age=0");
}

const char *session_authorization(struct request *request)
{
    size_t length = sizeof cookie_name - 1;
    for (const char *at = request->cookie; at && *at; at += *at == ';') {
        at += strspn(at, " ");
        size_t size = strcspn(at, ";");
        if (size > length && memcmp(at, cookie_name, length) == 0 && at[length] == '=') {
            char *text = arena_alloc(&request->arena, sizeof bearer + size);
            snprintf(text, sizeof bearer + size, "%s%.*s", bearer, (int)(size - length - 1),
                at + length + 1);
            return text;
        }
        at += size;
    }
    return NULL;
}
