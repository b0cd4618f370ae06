/* SPDX-License-Identifier: MIT */
#include "server/api/request_key.h"

#include <string.h>

#include "ledger/domain/entry.h"

static bool is_printable(const char *text)
{
    while (*text >= ' ' && *text <= '~')
        text++;
    return *text == '\0';
}

bool request_key_is_valid(const char *key)
{
    return key && *key && is_printable(key) && strlen(key) <= ENTRY_KEY_MAX;
}

/* The text between the quotes of a structured field's string; NULL: it is not one. */
static const char *unquote(struct arena *arena, const char *text, size_t length)
{
    if (length < 2 || text[length - 1] != '"')
        return NULL;
    char *start = arena_alloc(arena, length), *to = start;
    for (size_t i = 1; i + 1 < length; i++) {
        char c = text[i];
        /* A quote within must be escaped (RFC 8941, 3.3.3). */
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

const char *request_key_of_header(struct arena *arena, const char *header, bool *good)
{
    *good = true;
    if (!header)
        return NULL;
    /* The draft has it quoted, and clients send it bare as well. */
    const char *key = *header == '"' ? unquote(arena, header, strlen(header)) : header;
    *good = request_key_is_valid(key);
    return *good ? key : NULL;
}
