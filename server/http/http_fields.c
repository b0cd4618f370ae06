/* SPDX-License-Identifier: MIT */
#include "server/http/http_fields.h"

#include <string.h>

/* NULL: the application does not read it. */
static const char **field_place(struct request *request, enum http_field field)
{
    switch (field) {
    /* Each answer repeats it: http_echo.h. */
    case HTTP_FIELD_X_REQUEST_ID:
    /* Who asks: http_client.h. */
    case HTTP_FIELD_FORWARDED:
    case HTTP_FIELD_X_FORWARDED_FOR:
    case HTTP_FIELD_X_FORWARDED_PROTO:
        return NULL;
    case HTTP_FIELD_ACCEPT_ENCODING:
        return &request->accept_encoding;
    case HTTP_FIELD_CONTENT_ENCODING:
        return &request->content_encoding;
    case HTTP_FIELD_ACCESS_CONTROL_REQUEST_METHOD:
        return &request->asked_method;
    case HTTP_FIELD_HOST:
        return &request->host;
    case HTTP_FIELD_AUTHORIZATION:
        return &request->authorization;
    case HTTP_FIELD_CONTENT_TYPE:
        return &request->content_type;
    case HTTP_FIELD_IDEMPOTENCY_KEY:
        return &request->idempotency_key;
    case HTTP_FIELD_LAST_EVENT_ID:
        return &request->last_event_id;
    case HTTP_FIELD_IF_LEDGER_SEQ:
        return &request->if_ledger_seq;
    case HTTP_FIELD_ORIGIN:
        return &request->origin;
    case HTTP_FIELD_SEC_FETCH_SITE:
        return &request->fetch_site;
    case HTTP_FIELD_PREFER:
        return &request->prefer;
    case HTTP_FIELD_IF_NONE_MATCH:
        return &request->if_none_match;
    case HTTP_FIELD_COOKIE:
        return &request->cookie;
    case HTTP_FIELD_TRACEPARENT:
        return &request->traceparent;
    case HTTP_FIELD_TRACESTATE:
        return &request->tracestate;
    case HTTP_FIELD_TELLER_HOP:
        return &request->hop;
    case HTTP_FIELDS:
        break;
    }
    co_ensure(!"a header that is listed");
    return NULL;
}

const char *http_fields_value(struct request *request, enum http_field field)
{
    const char **place = field_place(request, field);
    return place ? *place : NULL;
}

/* Another line of a list: both, one behind the other. */
static const char *join(struct arena *arena, const char *first, const char *second, bool semicolon)
{
    size_t length = strlen(first), more = strlen(second);
    char *both = arena_alloc(arena, length + more + 3);
    memcpy(both, first, length);
    memcpy(both + length, semicolon ? "; " : ", ", 2);
    memcpy(both + length + 2, second, more + 1);
    return both;
}

/* The values of the headers that somebody reads, in a copy of the head. */
static void read_values(struct request *request, const struct http_head *head, char *copy)
{
    for (size_t i = 0; i < head->known_count; i++) {
        const struct http_head_line *line = &head->known[i];
        const char **place = field_place(request, line->field);
        if (!place)
            continue;
        char *value = copy + line->value.from;
        value[line->value.length] = '\0'; /* in place of a blank, or of the line's end */
        *place =
            *place ? join(&request->arena, *place, value, line->field == HTTP_FIELD_COOKIE) : value;
    }
    if (head->authority.length > 0) /* it counts, not Host (RFC 9112, 3.2.2) */
        request->host =
            arena_copy(&request->arena, copy + head->authority.from, head->authority.length);
}

/* Methods are case-sensitive (RFC 9110, 9.1). */
static enum request_method method_of(const char *name, size_t length)
{
    static const struct {
        const char *name;
        enum request_method method;
    } methods[] = {{"POST", REQUEST_POST}, {"GET", REQUEST_GET}, {"HEAD", REQUEST_HEAD},
        {"DELETE", REQUEST_DELETE}, {"OPTIONS", REQUEST_OPTIONS}};
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        if (strlen(methods[i].name) == length && memcmp(name, methods[i].name, length) == 0)
            return methods[i].method;
    return REQUEST_OTHER;
}

bool http_fields_read(struct request *request, const struct http_head *head, const char *bytes)
{
    request->has_body = head->chunked || head->content_length > 0;
    request->method = method_of(bytes + head->method.from, head->method.length);
    /* The scanner's buffer is used again; the request keeps the head for as long as it lives. */
    char *copy = arena_copy(&request->arena, bytes, head->size);
    read_values(request, head, copy);
    char *target = copy + head->target.from;
    target[head->target.length] = '\0'; /* in place of the blank behind it */
    request->target = target;
    return request_read_target(request, target, head->target.length);
}
