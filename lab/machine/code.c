/* SPDX-License-Identifier: MIT */
#include "lab/machine/code.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* A number without leading zeros, from `least` to 999,999,999; NULL: there is none. */
static const char *read_number(const char *at, uint32_t least, uint32_t *value)
{
    const char *from = at;
    uint32_t number = 0;
    for (; *at >= '0' && *at <= '9' && at - from < 9; at++)
        number = number * 10 + (uint32_t)(*at - '0');
    *value = number;
    bool good = at > from && number >= least && (*from != '0' || at == from + 1);
    return good ? at : NULL;
}

/* "point.lane" or "point.t"; what follows it, or NULL. */
static const char *read_choice(const char *at, struct co_schedule_choice *choice)
{
    at = read_number(at, 1, &choice->point);
    if (!at || *at++ != '.')
        return NULL;
    if (*at == 't') {
        choice->who = CO_SCHEDULE_TIME;
        return at + 1;
    }
    return read_number(at, 0, &choice->who);
}

bool code_parse(const char *text, struct co_schedule_choice choices[CODE_CHOICES], size_t *count)
{
    *count = 0;
    if (*text == '\0' || strcmp(text, "0") == 0)
        return true;
    for (const char *at = text;; at++) {
        if (*count == CODE_CHOICES)
            return false;
        struct co_schedule_choice *choice = &choices[*count];
        at = read_choice(at, choice);
        /* Points rise: a schedule has one text, and a text one schedule. */
        if (!at || (*count > 0 && choice->point <= choice[-1].point))
            return false;
        ++*count;
        if (*at == '\0')
            return true;
        if (*at != '-')
            return false;
    }
}

const char *code_format(
    const struct co_schedule_choice *choices, size_t count, char text[CODE_TEXT])
{
    size_t length = 0;
    snprintf(text, CODE_TEXT, "0");
    for (size_t i = 0; i < count && i < CODE_CHOICES; i++) {
        char who[12] = "t";
        if (choices[i].who != CO_SCHEDULE_TIME)
            snprintf(who, sizeof who, "%u", choices[i].who);
        int n = snprintf(
            text + length, CODE_TEXT - length, "%s%u.%s", i ? "-" : "", choices[i].point, who);
        length += (size_t)n;
    }
    return text;
}
