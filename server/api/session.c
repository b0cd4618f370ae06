/* SPDX-License-Identifier: MIT */
#include "server/api/session.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "server/api/body.h"
#include "server/api/call.h"
#include "server/auth/token_text.h"

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
}

void session_post(struct call *call)
{
    const char *token = token_text_of(call->request->authorization);
    struct body body;
    if (!body_read(call, BODY_NOTHING, &body))
        return;
    call->response->status = 204;
    /* Without tokens all may read, and any text passes for one: it is not sent back. */
    if (token_text_is_valid(token))
        set_cookie(call, token, "");
}

void session_delete(struct call *call)
{
    call->response->status = 204;
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
