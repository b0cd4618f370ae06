/* SPDX-License-Identifier: MIT */
#include "server/http/accept_encoding.h"

#include <string.h>
#include <strings.h>

#include "server/http/field_word.h"

enum { UNSAID = -1, BAD = -2 };

/* "0.5" as 500, at most three decimals and at most 1 (RFC 9110, 12.4.2). */
static int read_weight(const char **at)
{
    const char *c = *at;
    if (*c != '0' && *c != '1')
        return BAD;
    int weight = (*c++ - '0') * 1000;
    if (*c == '.')
        c++;
    for (int step = 100; step > 0 && c > *at + 1 && *c >= '0' && *c <= '9'; step /= 10)
        weight += step * (*c++ - '0');
    *at = c;
    return weight <= 1000 ? weight : BAD;
}

/* An element, "gzip" or "gzip;q=0.5"; its weight, or BAD. */
static int read_element(const char **at, const char **name, size_t *length)
{
    int weight = 1000;
    *name = *at;
    *length = strcspn(*at, " \t,;");
    *at = field_word_skip_space(*at + *length);
    if (**at == ';') {
        *at = field_word_skip_space(*at + 1);
        if (strncasecmp(*at, "q=", 2) != 0)
            return BAD;
        *at += 2;
        weight = read_weight(at);
        *at = field_word_skip_space(*at);
    }
    return **at == ',' || **at == '\0' ? weight : BAD;
}

static bool is_name(const char *name, size_t length, const char *wanted)
{
    return strlen(wanted) == length && strncasecmp(name, wanted, length) == 0;
}

bool accept_encoding_wants_gzip(const char *header)
{
    int gzip = UNSAID, identity = UNSAID, any = UNSAID;
    for (const char *at = header; at && *(at = at + strspn(at, " \t,"));) {
        const char *name;
        size_t length;
        int weight = read_element(&at, &name, &length);
        if (weight == BAD)
            return false;
        if (is_name(name, length, "gzip") || is_name(name, length, "x-gzip"))
            gzip = weight;
        else if (is_name(name, length, "identity"))
            identity = weight;
        else if (is_name(name, length, "*"))
            any = weight;
    }
    /* A star stands for those that are not named. */
    gzip = gzip == UNSAID ? any : gzip;
    return gzip > 0 && gzip >= identity;
}
