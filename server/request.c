/* SPDX-License-Identifier: MIT */
#include "server/request.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>
#include <unistr.h>

enum { KEY_MAX = 255 };

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decode a piece of the target into the arena; NULL if it is malformed, or no UTF-8. */
static const char *decode(struct arena *arena, const char *from, const char *end, bool is_query)
{
    char *start = arena_alloc(arena, (size_t)(end - from) + 1), *to = start;
    for (; from < end; from++) {
        int c = (unsigned char)*from;
        if (c == '%') {
            int high = end - from > 2 ? hex_digit(from[1]) : -1;
            int low = high >= 0 ? hex_digit(from[2]) : -1;
            if (low < 0)
                return NULL;
            c = high << 4 | low;
            from += 2;
        } else if (c == '+' && is_query) {
            c = ' ';
        }
        if (c == 0)
            return NULL;
        *to++ = (char)c;
    }
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
        const char *segment = decode(&request->arena, from + 1, stop, false);
        if (!segment)
            return false;
        request->segments[request->segment_count++] = segment;
        from = stop;
    }
    return true;
}

static bool read_query(struct request *request, const char *from, const char *end)
{
    while (from < end) {
        const char *stop = find(from, end, '&'), *equals = find(from, stop, '=');
        if (request->query_count == REQUEST_QUERY)
            return false;
        struct request_parameter *parameter = &request->query[request->query_count++];
        parameter->name = decode(&request->arena, from, equals, true);
        parameter->value = decode(&request->arena, equals < stop ? equals + 1 : stop, stop, true);
        if (!parameter->name || !parameter->value)
            return false;
        from = stop < end ? stop + 1 : end;
    }
    return true;
}

bool request_read_target(struct request *request, const char *target, size_t length)
{
    const char *end = target + length, *mark = find(target, end, '?');
    request->segment_count = request->query_count = 0;
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

static const char *skip_space(const char *text)
{
    return text + strspn(text, " \t");
}

bool request_is_json(const struct request *request)
{
    static const char type[] = "application/json", utf8[] = "charset=utf-8";
    const char *given = request->content_type;
    if (!given || strncasecmp(given, type, sizeof type - 1) != 0)
        return false;
    given = skip_space(given + sizeof type - 1);
    if (*given == '\0')
        return true;
    if (*given != ';')
        return false;
    given = skip_space(given + 1);
    return strncasecmp(given, utf8, sizeof utf8 - 1) == 0 &&
           *skip_space(given + sizeof utf8 - 1) == '\0';
}

int64_t request_wait_s(const struct request *request, int64_t otherwise, int64_t max)
{
    const char *at = request->prefer;
    while (at && *at) {
        at += strspn(at, " \t,;");
        if (strncasecmp(at, "wait=", 5) == 0 && isdigit((unsigned char)at[5])) {
            int64_t seconds = 0;
            for (at += 5; isdigit((unsigned char)*at) && seconds <= max; at++)
                seconds = seconds * 10 + (*at - '0');
            return seconds < max ? seconds : max;
        }
        at += strcspn(at, ",;");
    }
    return otherwise;
}

/* The text between the quotes of a structured field's string; NULL if it is none. */
static const char *unquote(struct arena *arena, const char *text, size_t length)
{
    char *start = arena_alloc(arena, length), *to = start;
    for (size_t i = 1; i + 1 < length; i++) {
        char c = text[i];
        if (c == '"')
            return NULL;
        if (c == '\\') {
            c = text[++i];
            if (i + 1 == length || (c != '\\' && c != '"'))
                return NULL;
        }
        *to++ = c;
    }
    *to = '\0';
    return start;
}

const char *request_key(struct request *request, bool *good)
{
    const char *key = request->idempotency_key;
    *good = true;
    if (!key)
        return NULL;
    *good = false;
    size_t length = strlen(key);
    for (size_t i = 0; i < length; i++)
        if (key[i] < ' ' || key[i] > '~')
            return NULL;
    if (length && key[0] == '"') {
        if (length < 2 || key[length - 1] != '"')
            return NULL;
        key = unquote(&request->arena, key, length);
        length = key ? strlen(key) : 0;
    }
    *good = length >= 1 && length <= KEY_MAX;
    return *good ? key : NULL;
}
