/* SPDX-License-Identifier: MIT */
#include "server/http/prefer.h"

#include <string.h>
#include <strings.h>

/* A word of the header: a token, or what stands in quotes. */
struct word {
    const char *from, *end;
};

static const char *skip_space(const char *at)
{
    return at + strspn(at, " \t");
}

static const char *read_token(const char *at, struct word *word)
{
    word->from = at;
    at += strspn(at, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                     "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    word->end = at;
    return at;
}

/* Behind a token or a quoted string; NULL: it has no end. Escapes stay: no number has any. */
static const char *read_word(const char *at, struct word *word)
{
    if (*at != '"')
        return read_token(at, word);
    word->from = ++at;
    while (*at && *at != '"')
        at += *at == '\\' && at[1] ? 2 : 1;
    word->end = at;
    return *at ? at + 1 : NULL;
}

/* Behind NAME or NAME=WORD, with blanks around the sign; NULL: it is malformed. */
static const char *read_pair(const char *at, struct word *name, struct word *value)
{
    at = skip_space(read_token(at, name));
    *value = (struct word){at, at};
    if (name->from == name->end)
        return NULL;
    if (*at != '=')
        return at;
    at = read_word(skip_space(at + 1), value);
    return at ? skip_space(at) : NULL;
}

static bool read_seconds(const struct word *word, int64_t *seconds)
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

bool prefer_wait(const char *header, int64_t *seconds)
{
    const char *at = header;
    while (at && *(at = skip_space(at))) {
        struct word name, value, ignored;
        if (*at == ',') { /* an empty element of a list */
            at++;
            continue;
        }
        at = read_pair(at, &name, &value);
        if (at && name.end - name.from == 4 && strncasecmp(name.from, "wait", 4) == 0)
            return read_seconds(&value, seconds);
        /* Its parameters are not preferences, whatever they are called. */
        while (at && *at == ';') {
            at = skip_space(at + 1);
            if (*at && !strchr(",;", *at))
                at = read_pair(at, &name, &ignored);
        }
        if (at && *at && *at != ',')
            return false;
    }
    return false;
}
