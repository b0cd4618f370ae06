/* SPDX-License-Identifier: MIT */
#include "server/http/field_word.h"

#include <string.h>
#include <strings.h>

const char *field_word_skip_space(const char *at)
{
    return at + strspn(at, " \t");
}

const char *field_word_read_token(const char *at, struct field_word *word)
{
    word->from = at;
    at += strspn(at, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                     "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    word->end = at;
    return at;
}

const char *field_word_read(const char *at, struct field_word *word)
{
    if (*at != '"')
        return field_word_read_token(at, word);
    word->from = ++at;
    while (*at && *at != '"')
        at += *at == '\\' && at[1] ? 2 : 1;
    word->end = at;
    return *at ? at + 1 : NULL;
}

bool field_word_is(const struct field_word *word, const char *wanted)
{
    const char *at = word->from;
    for (; at < word->end && *wanted; at++, wanted++) {
        at += *at == '\\' && at + 1 < word->end; /* an escape stands for what is behind it */
        if (strncasecmp(at, wanted, 1) != 0)
            return false;
    }
    return at == word->end && !*wanted;
}
