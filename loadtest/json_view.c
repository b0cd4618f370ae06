/* SPDX-License-Identifier: MIT */
/* A reader for well-formed answers that finds values in place, without a tree: a document is read
 * for one or two members, for each answer of a run. What is malformed yields nothing. */
#include "loadtest/json_view.h"

#include <string.h>

static const char *skip_space(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r'))
        at++;
    return at;
}

/* From an opening quote to just after the closing one; NULL if it does not close. */
static const char *skip_string(const char *at, const char *end)
{
    for (at++; at < end; at++) {
        if (*at == '"')
            return at + 1;
        if (*at == '\\')
            at++;
    }
    return NULL;
}

/* From an opening bracket to just after the one that closes it; NULL if none does. */
static const char *skip_nested(const char *at, const char *end)
{
    size_t depth = 0;
    while (at && at < end) {
        /* Brackets within a string are text. */
        if (*at == '"') {
            at = skip_string(at, end);
            continue;
        }
        if (*at == '{' || *at == '[')
            depth++;
        else if ((*at == '}' || *at == ']') && --depth == 0)
            return at + 1;
        at++;
    }
    return NULL;
}

static const char *skip_plain(const char *at, const char *end)
{
    while (at < end && !strchr(",]} \t\r\n", *at))
        at++;
    return at;
}

struct json_view json_view_read(const char *text, size_t length)
{
    const char *end = text + length;
    const char *from = skip_space(text, end), *to;
    if (from == end)
        return (struct json_view){0};
    if (*from == '"')
        to = skip_string(from, end);
    else if (*from == '{' || *from == '[')
        to = skip_nested(from, end);
    else
        to = skip_plain(from, end);
    /* A value that does not end does not count. */
    if (!to || to == from)
        return (struct json_view){0};
    return (struct json_view){from, (size_t)(to - from)};
}

/* Step to the next value within the brackets of *walk; `open` is the bracket it must begin with. */
static bool step(struct json_view_walk *walk, char open)
{
    const char *at = walk->rest.at;
    if (!at)
        return false;
    const char *end = at + walk->rest.length;
    if (!walk->begun && *at != open)
        return false;
    /* The first step passes the bracket, the others a comma. */
    at = skip_space(walk->begun ? at : at + 1, end);
    if (walk->begun && at < end && *at == ',')
        at = skip_space(at + 1, end);
    walk->begun = true;
    /* Either bracket ends it: answers are read here, not validated. */
    if (at >= end || *at == ']' || *at == '}')
        return false;
    walk->rest = (struct json_view){at, (size_t)(end - at)};
    return true;
}

static bool take(struct json_view_walk *walk, struct json_view *value)
{
    const char *end = walk->rest.at + walk->rest.length;
    *value = json_view_read(walk->rest.at, walk->rest.length);
    if (!value->at) {
        /* Nothing more comes of a malformed one. */
        walk->rest = (struct json_view){0};
        return false;
    }
    const char *behind = value->at + value->length;
    walk->rest = (struct json_view){behind, (size_t)(end - behind)};
    return true;
}

bool json_view_next(struct json_view_walk *walk, struct json_view *item)
{
    return step(walk, '[') && take(walk, item);
}

bool json_view_next_member(
    struct json_view_walk *walk, struct json_view *name, struct json_view *value)
{
    if (!step(walk, '{') || !take(walk, name) || name->length < 2 || *name->at != '"')
        return false;
    *name = (struct json_view){name->at + 1, name->length - 2};
    const char *end = walk->rest.at + walk->rest.length;
    const char *colon = skip_space(walk->rest.at, end);
    if (colon == end || *colon != ':')
        return false;
    walk->rest = (struct json_view){colon + 1, (size_t)(end - colon - 1)};
    return take(walk, value);
}

struct json_view json_view_member(struct json_view object, const char *name)
{
    struct json_view_walk walk = {.rest = object};
    struct json_view found, value;
    size_t length = strlen(name);
    while (json_view_next_member(&walk, &found, &value))
        if (found.length == length && memcmp(found.at, name, length) == 0)
            return value;
    return (struct json_view){0};
}

bool json_view_says_null(struct json_view value)
{
    return value.length == 4 && memcmp(value.at, "null", 4) == 0;
}

bool json_view_is(struct json_view value, const char *string)
{
    size_t length = strlen(string);
    return value.at && value.length == length + 2 && *value.at == '"' &&
           memcmp(value.at + 1, string, length) == 0;
}

bool json_view_copy(struct json_view value, char *out, size_t size)
{
    /* Ids and codes have no escapes, so one with any is not what is looked for. A NUL would end the
     * copy before its end. */
    if (!value.at || *value.at != '"' || value.length - 1 > size ||
        memchr(value.at, '\\', value.length) || memchr(value.at, '\0', value.length))
        return false;
    memcpy(out, value.at + 1, value.length - 2);
    out[value.length - 2] = '\0';
    return true;
}

bool json_view_integer(struct json_view value, int64_t *out)
{
    if (!value.at)
        return false;
    const char *at = value.at, *end = value.at + value.length;
    /* Amounts come as strings, positions as numbers. */
    if (*at == '"') {
        at++;
        end--;
    }
    bool negative = at < end && *at == '-';
    at += negative;
    if (at == end)
        return false;
    int64_t sum = 0; /* kept negative: the range is larger there by one */
    for (; at < end; at++)
        if (*at < '0' || *at > '9' || __builtin_mul_overflow(sum, 10, &sum) ||
            __builtin_sub_overflow(sum, *at - '0', &sum))
            return false;
    if (!negative && sum == INT64_MIN)
        return false;
    *out = negative ? sum : -sum;
    return true;
}
