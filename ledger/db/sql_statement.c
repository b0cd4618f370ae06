/* SPDX-License-Identifier: MIT */
#include "ledger/db/sql_statement.h"

#include <string.h>

/* Up to and with `end`, from `at` on; or all of it. */
static size_t length_to(const char *text, size_t at, const char *end)
{
    const char *found = strstr(text + at, end);
    return found ? (size_t)(found - text) + strlen(end) : strlen(text);
}

/* $$ … $$ or $tag$ … $tag$; 1: it is a parameter or stands alone. */
static size_t dollar_length(const char *text)
{
    char tag[64];
    size_t length = 1 + strspn(text + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_");
    if (text[length] != '$' || length + 2 > sizeof tag)
        return 1;
    memcpy(tag, text, length + 1);
    tag[length + 1] = '\0';
    return length_to(text, length + 1, tag);
}

/* What stands at the beginning and has no semicolon of ours in it. A doubled quote is the end of
 * one text and the beginning of the next. */
static size_t piece_length(const char *text)
{
    if (strncmp(text, "--", 2) == 0)
        return length_to(text, 2, "\n");
    if (strncmp(text, "/*", 2) == 0)
        return length_to(text, 2, "*/");
    if (*text == '\'' || *text == '"')
        return length_to(text, 1, *text == '"' ? "\"" : "'");
    return *text == '$' ? dollar_length(text) : 1;
}

size_t sql_statement_length(const char *text)
{
    size_t at = 0;
    while (text[at] && text[at] != ';')
        at += piece_length(text + at);
    if (text[at] == ';')
        at++;
    return at + strspn(text + at, " \n");
}
