/* SPDX-License-Identifier: MIT */
/* Lines end with CR LF here, and nowhere else stands a CR or a LF: whoever passes an answer on, and
 * reads it as another would not, opens a gap (RFC 9112, 2.2 and 5.2). */
#include "coro/http/co_http_head.h"

#include <string.h>
#include <strings.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* What a name may consist of. */
static bool is_token(const char *text, size_t length)
{
    static const bool may[256] = {['a' ... 'z'] = true,
        ['A' ... 'Z'] = true,
        ['0' ... '9'] = true,
        ['!'] = true,
        ['#'] = true,
        ['$'] = true,
        ['%'] = true,
        ['&'] = true,
        ['\''] = true,
        ['*'] = true,
        ['+'] = true,
        ['-'] = true,
        ['.'] = true,
        ['^'] = true,
        ['_'] = true,
        ['`'] = true,
        ['|'] = true,
        ['~'] = true};
    for (size_t i = 0; i < length; i++)
        if (!may[(unsigned char)text[i]])
            return false;
    return length > 0;
}

/* The end of the line at `at`, where its CR LF stands; NULL: it has none, or a lone CR or LF. */
static const char *end_of_line(const char *at, const char *end)
{
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    if (!newline || newline == at || newline[-1] != '\r')
        return NULL;
    return memchr(at, '\r', (size_t)(newline - at)) == newline - 1 ? newline - 1 : NULL;
}

/* The field in a line that ends at `to`; false if there is no colon. */
static bool split(const char *line, const char *to, struct co_http_field *field)
{
    const char *colon = memchr(line, ':', (size_t)(to - line));
    if (!colon)
        return false;
    const char *from = colon + 1;
    while (from < to && is_blank(*from))
        from++;
    while (to > from && is_blank(to[-1]))
        to--;
    *field = (struct co_http_field){line, from, (size_t)(colon - line), (size_t)(to - from)};
    return true;
}

/* The field in the line at *at, which moves past it. */
static bool next_field(const char **at, const char *end, struct co_http_field *field)
{
    const char *line = *at, *to = end_of_line(line, end);
    if (!to || !split(line, to, field))
        return false;
    *at = to + 2;
    return is_token(field->name, field->name_length) &&
           !memchr(field->value, '\0', field->value_length);
}

bool co_http_field_is(const struct co_http_field *field, const char *name)
{
    return strlen(name) == field->name_length &&
           strncasecmp(field->name, name, field->name_length) == 0;
}

bool co_http_field_number(const struct co_http_field *field, int64_t *number)
{
    int64_t sum = 0;
    if (field->value_length == 0 || field->value_length > 18)
        return false;
    for (size_t i = 0; i < field->value_length; i++) {
        if (field->value[i] < '0' || field->value[i] > '9')
            return false;
        sum = sum * 10 + (field->value[i] - '0');
    }
    *number = sum;
    return true;
}

/* Does a list, "keep-alive, close", have this word? */
static bool lists(const struct co_http_field *field, const char *word)
{
    const char *at = field->value, *end = at + field->value_length;
    size_t length = strlen(word);
    while (at < end) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        const char *to = comma ? comma : end;
        while (at < to && is_blank(*at))
            at++;
        while (to > at && is_blank(to[-1]))
            to--;
        if ((size_t)(to - at) == length && strncasecmp(at, word, length) == 0)
            return true;
        at = comma ? comma + 1 : end;
    }
    return false;
}

/* What a field means for the framing; false if it contradicts HTTP, or what we understand of it. */
static bool apply(const struct co_http_field *field, struct co_http_head *head)
{
    /* By the first letter: most fields of an answer are not looked at further. */
    switch (field->name[0] | 0x20) {
    case 'c':
        if (co_http_field_is(field, "content-length"))
            return head->length < 0 && co_http_field_number(field, &head->length);
        if (co_http_field_is(field, "connection") && lists(field, "close"))
            head->closes = true;
        return true;
    case 't':
        if (!co_http_field_is(field, "transfer-encoding"))
            return true;
        if (head->chunked || field->value_length != 7 ||
            strncasecmp(field->value, "chunked", 7) != 0)
            return false;
        head->chunked = true;
        return true;
    default:
        return true;
    }
}

/* "HTTP/1.1 200 OK", the words of which may be missing. */
static bool read_status(const char *text, size_t length, struct co_http_head *head)
{
    if (length < 12 || memcmp(text, "HTTP/1.", 7) != 0 || (text[7] != '0' && text[7] != '1') ||
        text[8] != ' ' || (length > 12 && text[12] != ' '))
        return false;
    head->closes = text[7] == '0';
    for (int i = 9; i < 12; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        head->status = head->status * 10 + (text[i] - '0');
    }
    return head->status >= 100 && head->status <= 599;
}

bool co_http_head_read(const char *text, size_t length, struct co_http_head *head)
{
    struct co_http_field field;
    *head = (struct co_http_head){.length = -1, .text = text, .text_length = length};
    const char *end = text + length, *line = end_of_line(text, end);
    if (!line || !read_status(text, (size_t)(line - text), head))
        return false;
    for (const char *at = line + 2; at < end - 2;)
        if (!next_field(&at, end, &field) || !apply(&field, head))
            return false;
    return !(head->chunked && head->length >= 0);
}

bool co_http_head_next(
    const struct co_http_head *head, const char **at, struct co_http_field *field)
{
    const char *end = head->text + head->text_length;
    if (!*at) {
        const char *newline = memchr(head->text, '\n', head->text_length);
        *at = newline ? newline + 1 : end;
    }
    /* What co_http_head_read() has accepted is not checked again. */
    const char *line = *at, *newline = memchr(line, '\n', (size_t)(end - line));
    if (line >= end - 2 || !newline)
        return false;
    *at = newline + 1;
    return split(line, newline - 1, field);
}

bool co_http_head_find(const struct co_http_head *head, const char *name, char *value, size_t size)
{
    struct co_http_field field;
    for (const char *at = NULL; co_http_head_next(head, &at, &field);)
        if (co_http_field_is(&field, name)) {
            if (field.value_length >= size)
                return false;
            memcpy(value, field.value, field.value_length);
            value[field.value_length] = '\0';
            return true;
        }
    return false;
}
