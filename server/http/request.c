/* SPDX-License-Identifier: MIT */
#include "server/http/request.h"

#include <string.h>
#include <strings.h>
#include <unistr.h>

#include "server/http/field_word.h"
#include "server/text/hex.h"

/* Decode a piece of the target into the arena; NULL if it is malformed, or not UTF-8. */
static const char *decode(struct arena *arena, const char *from, const char *end, bool is_query)
{
    char *start = arena_alloc(arena, (size_t)(end - from) + 1), *to = start;
    for (; from < end; from++) {
        int c = (unsigned char)*from;
        if (c == '%') {
            int high = end - from > 2 ? hex_value(from[1]) : -1;
            int low = high >= 0 ? hex_value(from[2]) : -1;
            if (low < 0)
                return NULL;
            c = high << 4 | low;
            from += 2;
        } else if (c == '+' && is_query) {
            c = ' ';
        }
        /* A NUL would end the text before its length does. */
        if (c == 0)
            return NULL;
        *to++ = (char)c;
    }
    /* Checked after decoding: escapes can spell what is not UTF-8. */
    *to = '\0';
    return u8_check((const uint8_t *)start, (size_t)(to - start)) ? NULL : start;
}

static const char *find(const char *from, const char *end, char c)
{
    const char *at = memchr(from, c, (size_t)(end - from));
    return at ? at : end;
}

static bool read_path(struct request *request, const char *from, const char *end)
{
    if (from == end || *from != '/')
        return false;
    while (from < end) {
        const char *stop = find(from + 1, end, '/');
        if (request->segment_count == REQUEST_SEGMENTS)
            return false;
        /* Split first, decoded after: an escaped slash belongs to its segment. */
        const char *segment = decode(&request->arena, from + 1, stop, false);
        if (!segment)
            return false;
        request->segments[request->segment_count++] = segment;
        from = stop;
    }
    return true;
}

/* Links to the page may carry parameters of others (utm_source=...), which are left out; only under
 * /v1 must all of a query be well-formed. */
static bool read_query(struct request *request, const char *from, const char *end)
{
    bool strict = request->segment_count > 0 && strcmp(request->segments[0], "v1") == 0;
    while (from < end) {
        const char *stop = find(from, end, '&'), *equals = find(from, stop, '=');
        if (request->query_count == REQUEST_QUERY)
            return !strict;
        struct request_parameter *parameter = &request->query[request->query_count];
        parameter->name = decode(&request->arena, from, equals, true);
        parameter->value = decode(&request->arena, equals < stop ? equals + 1 : stop, stop, true);
        bool good = parameter->name && parameter->value;
        if (strict && !good)
            return false;
        /* An empty piece ("a=1&&b=2") counts for nothing. */
        request->query_count += good && from < stop;
        from = stop < end ? stop + 1 : end;
    }
    return true;
}

bool request_read_target(struct request *request, const char *target, size_t length)
{
    const char *end = target + length, *mark = find(target, end, '?');
    request->segment_count = request->query_count = 0;
    if (length == 1 && *target == '*')
        return true;
    if (mark == target) { /* "http://host?query", without a path */
        request->segments[request->segment_count++] = "";
        return read_query(request, mark < end ? mark + 1 : end, end);
    }
    return read_path(request, target, mark) &&
           read_query(request, mark < end ? mark + 1 : end, end);
}

const char *request_query(const struct request *request, const char *name)
{
    for (size_t i = 0; i < request->query_count; i++)
        if (strcmp(request->query[i].name, name) == 0)
            return request->query[i].value;
    return NULL;
}

/* The parameters behind a media type are well-formed, and charset, if there, is UTF-8. */
static bool parameters_are_good(const char *at)
{
    while (*(at = field_word_skip_space(at)) == ';') {
        struct field_word name, value;
        at = field_word_skip_space(at + 1);
        if (*at == ';' || *at == '\0')
            continue; /* an empty one (RFC 9110, 5.6.6) */
        at = field_word_read_token(at, &name);
        if (name.from == name.end || *at != '=')
            return false;
        bool is_quoted = *++at == '"';
        at = field_word_read(at, &value);
        if (!at || (value.from == value.end && !is_quoted) ||
            (field_word_is(&name, "charset") && !field_word_is(&value, "utf-8")))
            return false;
    }
    return *at == '\0';
}

bool request_is_json(const struct request *request)
{
    static const char type[] = "application/json";
    const char *given = request->content_type;
    return given && strncasecmp(given, type, sizeof type - 1) == 0 &&
           parameters_are_good(given + sizeof type - 1);
}

bool request_is_encoded(const struct request *request)
{
    const char *given = request->content_encoding;
    return given && *given && strcasecmp(given, "identity") != 0;
}

bool request_has_etag(const struct request *request, const char *etag)
{
    size_t length = strlen(etag);
    const char *at = request->if_none_match;
    while (at && *at) {
        at += strspn(at, " \t,");
        if (*at == '*')
            return true;
        at += strncmp(at, "W/", 2) == 0 ? 2 : 0;
        if (strncmp(at, etag, length) == 0)
            return true;
        if (*at == '"') /* a tag may hold commas */
            at += 1 + strcspn(at + 1, "\"");
        at += strcspn(at, ",");
    }
    return false;
}
