/* SPDX-License-Identifier: MIT */
/*
 * What a token looks like: "teller_", 43 letters and digits that hold 256 random bits, and 6 more
 * that check them: the first 32 bits of the SHA-256 of all that stands before, to base 62. So a
 * scanner that finds one in a file knows it for what it is, and a mistyped one is refused without a
 * question to the database. Tokens of earlier versions are "teller_" and 64 hexadecimal digits.
 */
#ifndef SERVER_AUTH_TOKEN_TEXT_H
#define SERVER_AUTH_TOKEN_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "server/auth/token.h"

/* The longest, with its end: one of an earlier version. */
enum { TOKEN_TEXT = 7 + 64 + 1 };

/* A fresh token, and what is stored of it. */
void token_text_make(char text[TOKEN_TEXT], uint8_t hash[TOKEN_HASH]);

/* What an Authorization header says behind "Bearer"; "": something else, or NULL: there is none. */
const char *token_text_of(const char *authorization);

/* Can it be one that was ever given out? Nothing secret decides how long that takes. */
bool token_text_is_valid(const char *text);

/* What is stored of it; false: it is not valid. */
CO_MUST_CHECK bool token_text_hash(const char *text, uint8_t hash[TOKEN_HASH]);

#endif
