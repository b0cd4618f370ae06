/* SPDX-License-Identifier: MIT */
/* Reads the head of an answer. See response_head.h. */
#include "loadtest/response_head.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct field {
    const char *name, *value;
    size_t name_length, value_length;
};

/* The field in the line at `at`; false if it is not a field. *at moves past the line. */
static bool next_field(const char **at, const char *end, struct field *field)
{
    const char *line = *at;
    const char *newline = memchr(line, '\n', (size_t)(end - line));
    if (!newline)
        return false;
    *at = newline + 1;
    const char *colon = memchr(line, ':', (size_t)(newline - line));
    if (!colon)
        return false;
    const char *from = colon + 1, *to = newline;
    while (from < to && (*from == ' ' || *from == '\t'))
        from++;
    /* The value is taken without the CR and the blanks around it. */
    while (to > from && (to[-1] == '\r' || to[-1] == ' '))
        to--;
    *field = (struct field){line, from, (size_t)(colon - line), (size_t)(to - from)};
    return true;
}

static bool named(const struct field *field, const char *name)
{
    return strlen(name) == field->name_length &&
           strncasecmp(field->name, name, field->name_length) == 0;
}

static bool valued(const struct field *field, const char *value)
{
    return strlen(value) == field->value_length &&
           strncasecmp(field->value, value, field->value_length) == 0;
}

/* Digits only, at most 18 of them. */
static bool number(const struct field *field, int64_t *out)
{
    if (field->value_length == 0 || field->value_length > 18)
        return false;
    int64_t sum = 0;
    for (size_t i = 0; i < field->value_length; i++) {
        if (field->value[i] < '0' || field->value[i] > '9')
            return false;
        sum = sum * 10 + (field->value[i] - '0');
    }
    *out = sum;
    return true;
}

/* What a field means for us; false if it contradicts HTTP. */
static bool apply(const struct field *field, struct response *response, int64_t *body_length)
{
    /* By the first letter: most fields of an answer are not looked at further. */
    switch (field->name[0] | 0x20) {
    case 'c':
        if (named(field, "content-length"))
            return *body_length < 0 && number(field, body_length);
        if (named(field, "connection") && valued(field, "close"))
            response->closes = true;
        return true;
    case 'i':
        if (named(field, "idempotency-replayed") && valued(field, "true"))
            response->replayed = true;
        return true;
    case 'l':
        return !named(field, "ledger-seq") || number(field, &response->seq);
    case 't':
        if (named(field, "transfer-encoding") && valued(field, "chunked"))
            response->chunked = true;
        return true;
    default:
        return true;
    }
}

bool response_read_head(
    const char *head, size_t length, struct response *response, int64_t *body_length)
{
    const char *end = head + length - 2; /* without the empty line */
    *response = (struct response){.seq = -1, .head = head, .head_length = length};
    *body_length = -1;
    /* The shortest head that there can be. */
    if (length < 16 || memcmp(head, "HTTP/1.1 ", 9) != 0)
        return false;
    char *end_of_status;
    long status = strtol(head + 9, &end_of_status, 10);
    if (end_of_status != head + 12 || status < 100 || status > 599)
        return false;
    response->status = (int)status;
    const char *at = memchr(head, '\n', length);
    struct field field;
    for (at++; at < end;)
        if (!next_field(&at, end, &field) || !apply(&field, response, body_length))
            return false;
    /* These have no body, whatever they say. */
    if (response->status == 204 || response->status == 304)
        *body_length = 0;
    return !(response->chunked && *body_length >= 0);
}

bool response_header(const struct response *response, const char *name, char *value, size_t size)
{
    const char *end = response->head + response->head_length - 2;
    const char *at = memchr(response->head, '\n', response->head_length);
    struct field field;
    for (at++; at < end && next_field(&at, end, &field);)
        if (named(&field, name) && field.value_length < size) {
            memcpy(value, field.value, field.value_length);
            value[field.value_length] = '\0';
            return true;
        }
    return false;
}
