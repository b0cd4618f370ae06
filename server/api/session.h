/* SPDX-License-Identifier: MIT */
/*
 * How a browser's own EventSource, which cannot send an Authorization header, logs in: POST
 * /v1/session with a token sets it as a cookie (HttpOnly, SameSite=Strict) that serves for reading
 * event streams and nothing else, so no page of another origin can do anything with it. It is worth
 * as much as the token, and no longer: a revoked token's cookie is refused.
 */
#ifndef SERVER_API_SESSION_H
#define SERVER_API_SESSION_H

struct call;

void session_post(struct call *call);
void session_delete(struct call *call);

/* The Authorization header that the request's cookie stands for; NULL: it has none. */
const char *session_authorization(struct call *call);

#endif
