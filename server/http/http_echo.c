/* SPDX-License-Identifier: MIT */
#include "server/http/http_echo.h"

#include <string.h>

#include "coro/clock.h"

/* The one line of that header; NULL: there is none, or there are several. */
static const struct http_span *only_line(const struct http_head *head, enum http_field field)
{
    const struct http_span *found = NULL;
    for (size_t i = 0; i < head->known_count; i++)
        if (head->known[i].field == field) {
            if (found)
                return NULL;
            found = &head->known[i].value;
        }
    return found;
}

static bool take_id(struct http_echo *echo, const struct http_head *head, const char *bytes)
{
    const struct http_span *id = only_line(head, HTTP_FIELD_X_REQUEST_ID);
    if (!id || !request_id_is_sane(bytes + id->from, id->length))
        return false;
    memcpy(echo->id, bytes + id->from, id->length);
    echo->id[id->length] = '\0';
    return true;
}

void http_echo_read(struct http_echo *echo, const struct cors *cors, struct request_ids *ids,
    const struct http_head *head, const char *bytes)
{
    echo->origin = NULL;
    echo->trace = (struct trace_parent){.trace = ""};
    /* One that cannot be repeated as it is gets one of ours instead. */
    if (!head || !take_id(echo, head, bytes))
        request_id_make(ids, co_clock_wall_us(), echo->id);
    if (!head)
        return;
    const struct http_span *origin = only_line(head, HTTP_FIELD_ORIGIN);
    if (origin)
        echo->origin = cors_find(cors, bytes + origin->from, origin->length);
    const struct http_span *trace = only_line(head, HTTP_FIELD_TRACEPARENT);
    if (trace)
        (void)trace_parent_read(&echo->trace, bytes + trace->from, trace->length);
}
