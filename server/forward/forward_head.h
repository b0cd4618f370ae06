/* SPDX-License-Identifier: MIT */
/*
 * The head of a request that is passed on. It is written anew: of what the client sent only those
 * headers get into it that the API reads, each as it came, and what is said of the client itself
 * (X-Request-Id, Forwarded) is what was found out about it here. So nothing gets through that is
 * for one hop, frames a body, or that nobody knows. Whose page sent a request is judged where the
 * browser sent it, so Origin, Sec-Fetch-Site and cookies end here.
 */
#ifndef SERVER_FORWARD_FORWARD_HEAD_H
#define SERVER_FORWARD_FORWARD_HEAD_H

#include <stdbool.h>

#include "server/http/http_head.h"
#include "server/http/request.h"

struct http_echo;

/* Is that header of a request passed on as it came? */
bool forward_head_passes(enum http_field field);

/* The server's URL and behind it what the request asked for, bytes beyond ASCII escaped. In the
 * request's arena, as is the other. */
const char *forward_head_url(struct request *request, const char *server);

/* The lines of its headers, each with its end; without Host and what frames the body. */
const char *forward_head_lines(struct request *request, const struct http_echo *echo);

#endif
