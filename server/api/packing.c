/* SPDX-License-Identifier: MIT */
#include "server/api/packing.h"

#include "server/http/accept_encoding.h"
#include "server/text/gzip_text.h"

void packing_apply(struct call *call)
{
    struct response *response = call->response;
    size_t packed;
    /* Caches are told also where the client does not take it. */
    response->varies = true;
    if (!accept_encoding_wants_gzip(call->request->accept_encoding))
        return;
    const char *body = gzip_text(call->arena, response->body, response->length, &packed);
    if (!body)
        return;
    response->encoding = "gzip";
    response->body = body;
    response->length = packed;
}
