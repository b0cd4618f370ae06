/* SPDX-License-Identifier: MIT */
#include "server/http/prefer.h"

#include <string.h>

#include "server/http/field_word.h"

/* Behind NAME or NAME=WORD, with blanks around the sign; NULL: it is malformed. */
static const char *read_pair(const char *at, struct field_word *name, struct field_word *value)
{
    at = field_word_skip_space(field_word_read_token(at, name));
    *value = (struct field_word){at, at};
    if (name->from == name->end)
        return NULL;
    if (*at != '=')
        return at;
    at = field_word_read(field_word_skip_space(at + 1), value);
    return at ? field_word_skip_space(at) : NULL;
}

static bool read_seconds(const struct field_word *word, int64_t *seconds)
{
    *seconds = 0;
    for (const char *at = word->from; at < word->end; at++) {
        if (*at < '0' || *at > '9')
            return false;
        /* Kept at the limit, so that it cannot overflow. */
        *seconds = *seconds * 10 + (*at - '0');
        *seconds = *seconds < PREFER_WAIT_MAX ? *seconds : PREFER_WAIT_MAX;
    }
    return word->from < word->end;
}

/* The first preference of that name; false: there is none, or it is malformed before it. */
static bool find(const char *header, const char *wanted, struct field_word *value)
{
    const char *at = header;
    while (at && *(at = field_word_skip_space(at))) {
        struct field_word name, ignored;
        if (*at == ',') { /* an empty element of a list */
            at++;
            continue;
        }
        at = read_pair(at, &name, value);
        if (at && field_word_is(&name, wanted))
            return true;
        /* Its parameters are not preferences, whatever they are called. */
        while (at && *at == ';') {
            at = field_word_skip_space(at + 1);
            if (*at && !strchr(",;", *at))
                at = read_pair(at, &name, &ignored);
        }
        if (at && *at && *at != ',')
            return false;
    }
    return false;
}

bool prefer_wait(const char *header, int64_t *seconds)
{
    struct field_word value;
    return find(header, "wait", &value) && read_seconds(&value, seconds);
}

bool prefer_has(const char *header, const char *name)
{
    struct field_word value;
    return find(header, name, &value) && value.from == value.end;
}
