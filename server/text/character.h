/* SPDX-License-Identifier: MIT */
/* The characters of text that may be no UTF-8: what somebody else wrote, or what was cut off at a
 * byte. Pure; from any thread. */
#ifndef SERVER_TEXT_CHARACTER_H
#define SERVER_TEXT_CHARACTER_H

#include <stddef.h>

/* In the place of a byte that begins no character (RFC 3629); and that in UTF-8. */
enum { CHARACTER_NONE = 0xfffd };
#define CHARACTER_NONE_TEXT "\xef\xbf\xbd"

/* The character at `at`, which is not at the text's end, and its length; CHARACTER_NONE, of length
 * 1: there is none, or it is not whole. */
unsigned character_read(const char *at, size_t *length);

#endif
