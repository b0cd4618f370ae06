/* SPDX-License-Identifier: MIT */
/* From the head of a request, which is read strictly by then, to what the handlers see of it. */
#ifndef SERVER_HTTP_HTTP_FIELDS_H
#define SERVER_HTTP_HTTP_FIELDS_H

#include "server/http/http_head.h"
#include "server/http/request.h"

/* Of a whole head: method, target and headers; `bytes` are what was scanned, and may go. False: the
 * target is malformed (request.h). Never parks. */
CO_MUST_CHECK bool http_fields_read(
    struct request *request, const struct http_head *head, const char *bytes);

/* What the request says in that header; NULL: nothing, or it is not kept (request.h). */
const char *http_fields_value(struct request *request, enum http_field field);

#endif
