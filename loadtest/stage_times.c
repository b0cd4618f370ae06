/* SPDX-License-Identifier: MIT */
#include "loadtest/stage_times.h"

#include <string.h>

enum { HEADER = 512, NS_DIGITS = 6 };

/* The histogram of that name; NULL: there is no room for another. */
static struct histogram *find(struct stage_times *stages, const char *name, size_t length)
{
    for (size_t i = 0; i < stages->count; i++)
        if (strlen(stages->stage[i].name) == length &&
            memcmp(stages->stage[i].name, name, length) == 0)
            return &stages->stage[i].took;
    if (stages->count == STAGE_TIMES_MAX || length == 0 || length >= STAGE_TIMES_NAME)
        return NULL;
    memcpy(stages->stage[stages->count].name, name, length);
    return &stages->stage[stages->count++].took;
}

/* Milliseconds with a point, as nanoseconds; -1: it is not that. No float is needed. */
static int64_t read_ms(const char *text)
{
    int64_t ns = 0;
    size_t whole = strspn(text, "0123456789"), digits = 0;
    if (whole == 0 || whole > 12)
        return -1;
    for (size_t i = 0; i < whole; i++)
        ns = ns * 10 + (text[i] - '0');
    if (text[whole] == '.')
        text += whole + 1, digits = strspn(text, "0123456789");
    /* What is finer than a nanosecond is cut off, what is not said is 0. */
    for (size_t i = 0; i < NS_DIGITS; i++)
        ns = ns * 10 + (i < digits ? text[i] - '0' : 0);
    return ns;
}

void stage_times_record(struct stage_times *stages, const struct response *response)
{
    char header[HEADER];
    if (!response_header(response, "Server-Timing", header, sizeof header))
        return;
    for (char *at = header, *next; at; at = next) {
        /* One metric up to the comma: its name, then its parameters. */
        if ((next = strchr(at, ',')))
            *next++ = '\0';
        at += strspn(at, " \t");
        const char *took = strstr(at, ";dur=");
        int64_t ns = took ? read_ms(took + 5) : -1;
        struct histogram *histogram = ns >= 0 ? find(stages, at, strcspn(at, "; \t")) : NULL;
        if (histogram)
            histogram_record(histogram, ns);
    }
}

void stage_times_merge(struct stage_times *into, const struct stage_times *from)
{
    for (size_t i = 0; i < from->count; i++) {
        const char *name = from->stage[i].name;
        struct histogram *histogram = find(into, name, strlen(name));
        if (histogram)
            histogram_merge(histogram, &from->stage[i].took);
    }
}
