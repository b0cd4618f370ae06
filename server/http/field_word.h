/* SPDX-License-Identifier: MIT */
/* The words that values of headers are made of (RFC 9110, 5.6): tokens, and texts in quotes. */
#ifndef SERVER_HTTP_FIELD_WORD_H
#define SERVER_HTTP_FIELD_WORD_H

#include <stdbool.h>

/* A part of the value; of a text in quotes what is between them, with its escapes. */
struct field_word {
    const char *from, *end;
};

/* Behind the blanks. */
const char *field_word_skip_space(const char *at);

/* Behind a token, which may be empty. */
const char *field_word_read_token(const char *at, struct field_word *word);

/* Behind a token or a text in quotes; NULL: that has no end. */
const char *field_word_read(const char *at, struct field_word *word);

/* Does it say that, in letters of either case? */
bool field_word_is(const struct field_word *word, const char *wanted);

#endif
