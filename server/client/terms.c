/* SPDX-License-Identifier: MIT */
#include "server/client/terms.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "USD/2": the length of its code, and its scale; false if it is none. */
static bool split(const char *asset, size_t *code, size_t *scale)
{
    const char *slash = strrchr(asset, '/');
    if (!slash || !isdigit((unsigned char)slash[1]))
        return false;
    *code = (size_t)(slash - asset);
    *scale = strtoul(slash + 1, NULL, 10);
    return *scale <= MONEY_DIGITS;
}

/* What may follow the number: nothing, or the asset's code or its whole name. */
static bool names_asset(const char *rest, const char *asset, size_t code)
{
    rest += strspn(rest, " ");
    return !*rest || strcmp(rest, asset) == 0 ||
           (strlen(rest) == code && memcmp(rest, asset, code) == 0);
}

/* All digits behind each other, the fraction filled up to the scale, without zeros in front. */
static bool join(
    const char *whole, size_t wholes, const char *part, size_t parts, size_t scale, char *units)
{
    while (wholes > 0 && *whole == '0')
        whole++, wholes--;
    if (wholes + scale > MONEY_DIGITS)
        return false;
    int length = snprintf(units, MONEY_TEXT, "%.*s%.*s%.*s", (int)wholes, whole, (int)parts, part,
        (int)(scale - parts), "00000000000000000000000000000000000000");
    size_t zeros = strspn(units, "0");
    /* One zero stays. */
    if (zeros == (size_t)length && zeros > 0)
        zeros--;
    memmove(units, units + zeros, (size_t)length + 1 - zeros);
    if (!*units)
        strcpy(units, "0");
    return true;
}

bool terms_read(const char *word, const char *asset, char units[MONEY_TEXT], char why[TERMS_TEXT])
{
    size_t code = 0, scale = 0, wholes = strspn(word, "0123456789"), parts = 0;
    const char *part = word + wholes, *rest = part;
    if (*part == '.') {
        parts = strspn(++part, "0123456789");
        rest = part + parts;
    }
    if (!split(asset, &code, &scale))
        snprintf(why, TERMS_TEXT, "is of an asset that is not understood: %.60s", asset);
    else if (wholes == 0 || (part != word + wholes && parts == 0))
        snprintf(why, TERMS_TEXT, "is not an amount such as 10 or 10.05");
    else if (!names_asset(rest, asset, code))
        snprintf(why, TERMS_TEXT, "is not an amount of %.*s", (int)code, asset);
    else if (parts > scale)
        snprintf(why, TERMS_TEXT, "has %zu decimals, %.*s has %zu", parts, (int)code, asset, scale);
    else if (!join(word, wholes, part, parts, scale, units))
        snprintf(why, TERMS_TEXT, "is larger than any amount");
    else
        return true;
    return false;
}

void terms_show(const char *units, const char *asset, char text[TERMS_TEXT])
{
    size_t code, scale, negative = *units == '-', digits = strlen(units + negative);
    char padded[2 * MONEY_TEXT];
    if (digits == 0 || digits > MONEY_DIGITS || strspn(units + negative, "0123456789") != digits ||
        !split(asset, &code, &scale)) {
        snprintf(text, TERMS_TEXT, "%s", units);
        return;
    }
    /* At least one digit stands before the point. */
    size_t zeros = digits <= scale ? scale + 1 - digits : 0;
    snprintf(padded, sizeof padded, "%.*s%s", (int)zeros, "000000000000000000000000000000000000000",
        units + negative);
    int whole = (int)(zeros + digits - scale);
    snprintf(text, TERMS_TEXT, "%s%.*s%s%s %.*s", negative ? "-" : "", whole, padded,
        scale ? "." : "", padded + whole, (int)code, asset);
}

/* A code point as UTF-8; returns where it ends. */
static char *put(char *at, unsigned point)
{
    if (point < 0x80) {
        *at++ = (char)point;
    } else if (point < 0x800) {
        *at++ = (char)(0xC0 | point >> 6);
        *at++ = (char)(0x80 | (point & 0x3F));
    } else {
        *at++ = (char)(0xE0 | point >> 12);
        *at++ = (char)(0x80 | (point >> 6 & 0x3F));
        *at++ = (char)(0x80 | (point & 0x3F));
    }
    return at;
}

/* What stands behind a backslash; *at moves on to its last character. The service writes no
 * surrogates: what is not ASCII comes as it is. */
static char *put_escape(char *to, const char **at, const char *end)
{
    static const char from[] = "bfnrt", is[] = "\b\f\n\r\t";
    const char *found = memchr(from, **at, sizeof from - 1);
    char digits[5] = "";
    if (**at != 'u')
        return put(to, (unsigned char)(found ? is[found - from] : **at));
    if (end - *at < 5)
        return to;
    memcpy(digits, *at + 1, 4);
    *at += 4;
    return put(to, (unsigned)strtoul(digits, NULL, 16));
}

void terms_text(struct json_view value, char *text, size_t size)
{
    enum { LONGEST = 3 };
    char *to = text, *last = text + size - 1 - LONGEST;
    if (!value.at)
        value = (struct json_view){.at = ""};
    bool quoted = value.length >= 2 && *value.at == '"';
    const char *at = value.at + quoted, *end = value.at + value.length - quoted;
    for (; at < end && to < last; at++) {
        if (quoted && *at == '\\' && at + 1 < end) {
            at++;
            to = put_escape(to, &at, end);
        } else {
            *to++ = *at;
        }
    }
    *to = '\0';
}

void terms_time(struct json_view value, char *text, size_t size)
{
    terms_text(value, text, size);
    if (strlen(text) > 19 && text[10] == 'T') {
        text[10] = ' ';
        text[19] = '\0';
    }
}
