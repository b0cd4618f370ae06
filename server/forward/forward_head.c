/* SPDX-License-Identifier: MIT */
#include "server/forward/forward_head.h"

#include <stdio.h>
#include <string.h>

#include "server/http/http_echo.h"
#include "server/http/http_fields.h"

enum { FORWARDED_TEXT = ADDRESS_TEXT + 40 };

static const char *const names[HTTP_FIELDS] = {
#define X(symbol, name) [HTTP_FIELD_##symbol] = name,
    HTTP_FIELD_MAP(X, X)
#undef X
};

bool forward_head_passes(enum http_field field)
{
    switch (field) {
    case HTTP_FIELD_AUTHORIZATION:
    case HTTP_FIELD_CONTENT_TYPE:
    case HTTP_FIELD_CONTENT_ENCODING:
    case HTTP_FIELD_IDEMPOTENCY_KEY:
    case HTTP_FIELD_LAST_EVENT_ID:
    case HTTP_FIELD_IF_LEDGER_SEQ:
    case HTTP_FIELD_TRACEPARENT:
    case HTTP_FIELD_TRACESTATE:
    case HTTP_FIELD_ACCEPT_ENCODING:
    case HTTP_FIELD_PREFER:
    case HTTP_FIELD_IF_NONE_MATCH:
        return true;
    /* Of this hop. */
    case HTTP_FIELD_HOST:
    case HTTP_FIELD_TELLER_HOP:
    /* A browser's, judged here; a cookie has become a token. */
    case HTTP_FIELD_ORIGIN:
    case HTTP_FIELD_SEC_FETCH_SITE:
    case HTTP_FIELD_ACCESS_CONTROL_REQUEST_METHOD:
    case HTTP_FIELD_COOKIE:
    /* Said anew below. */
    case HTTP_FIELD_FORWARDED:
    case HTTP_FIELD_X_FORWARDED_FOR:
    case HTTP_FIELD_X_FORWARDED_PROTO:
    case HTTP_FIELD_X_REQUEST_ID:
    case HTTP_FIELDS:
        break;
    }
    return false;
}

/* ---- what is asked for --------------------------------------------------------------------- */

static char *put(char *to, const char *text)
{
    size_t length = strlen(text);
    memcpy(to, text, length + 1);
    return to + length;
}

const char *forward_head_url(struct request *request, const char *server)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t length = strlen(server), most = length + 3 * strlen(request->target) + 2;
    char *url = arena_alloc(&request->arena, most), *to = put(url, server);
    if (*request->target != '/') /* "http://host?query", without a path */
        *to++ = '/';
    for (const char *at = request->target; *at; at++) {
        unsigned char c = (unsigned char)*at;
        if (c < 0x80) {
            *to++ = *at;
            continue;
        }
        *to++ = '%';
        *to++ = digits[c >> 4];
        *to++ = digits[c & 15];
    }
    *to = '\0';
    return url;
}

/* ---- headers ------------------------------------------------------------------------------- */

/* For whom, as an RFC 7239 node: whoever asked here, whatever it claimed. */
static void write_client(
    const struct http_client *client, bool is_secret, char text[FORWARDED_TEXT])
{
    char address[ADDRESS_TEXT];
    *text = '\0';
    if (!client->is_known)
        return;
    address_write(client->address, address);
    bool is_v6 = strchr(address, ':') != NULL;
    snprintf(text, FORWARDED_TEXT, "Forwarded: for=%s%s%s;proto=http%s\r\n", is_v6 ? "\"[" : "",
        address, is_v6 ? "]\"" : "", is_secret ? "s" : "");
}

const char *forward_head_lines(struct request *request, const struct http_echo *echo)
{
    char client[FORWARDED_TEXT];
    size_t most = sizeof "Teller-Hop: 1\r\nX-Request-Id: \r\n" + strlen(echo->id) + sizeof client;
    write_client(&echo->client, request->is_secret, client);
    for (enum http_field field = 0; field < HTTP_FIELDS; field++) {
        const char *value = forward_head_passes(field) ? http_fields_value(request, field) : NULL;
        most += value ? strlen(names[field]) + strlen(value) + 4 : 0;
    }

    /* What the client sent is without CR and LF, as it was read strictly. */
    char *lines = arena_alloc(&request->arena, most), *to = put(lines, "Teller-Hop: 1\r\n");
    to = put(put(put(to, "X-Request-Id: "), echo->id), "\r\n");
    to = put(to, client);
    for (enum http_field field = 0; field < HTTP_FIELDS; field++) {
        const char *value = forward_head_passes(field) ? http_fields_value(request, field) : NULL;
        if (value)
            to = put(put(put(put(to, names[field]), ": "), value), "\r\n");
    }
    return lines;
}
