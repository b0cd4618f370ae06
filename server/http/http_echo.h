/* SPDX-License-Identifier: MIT */
/* What every answer repeats of its request, whether that was well-formed, found a place, or
 * neither: its id, and the origin of the page that sent it. And what the log says of it. */
#ifndef SERVER_HTTP_HTTP_ECHO_H
#define SERVER_HTTP_HTTP_ECHO_H

#include "server/http/cors.h"
#include "server/http/http_client.h"
#include "server/http/http_head.h"
#include "server/http/request_id.h"
#include "server/http/trace_parent.h"

struct http_echo {
    char id[REQUEST_ID_TEXT];
    const char *origin; /* of those that may read the answer (cors.h); NULL: none, or another */
    /* For the log, and for limits. */
    struct trace_parent trace;
    struct http_client client; /* set by http_peer_look() */
};

/* Of a head as far as it was read; `bytes` are what was scanned. NULL for both: nothing came. A
 * header that came twice counts as none. */
void http_echo_read(struct http_echo *echo, const struct cors *cors, struct request_ids *ids,
    const struct http_head *head, const char *bytes);

#endif
