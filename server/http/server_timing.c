/* SPDX-License-Identifier: MIT */
#include "server/http/server_timing.h"

#include <string.h>

enum { NS_DIGITS = 6 }; /* behind the point of a millisecond */

/* Nanoseconds as milliseconds: digits from the last to the first, the point after six of them. */
static char *write_ms(char *to, int64_t ns)
{
    char digits[24], *at = digits + sizeof digits;
    uint64_t left = ns > 0 ? (uint64_t)ns : 0;
    for (int written = 0; written <= NS_DIGITS || left; written++) {
        if (written == NS_DIGITS)
            *--at = '.';
        *--at = (char)('0' + left % 10);
        left /= 10;
    }
    size_t length = (size_t)(digits + sizeof digits - at);
    memcpy(to, at, length);
    return to + length;
}

static char *write_stage(char *to, const char *name, int64_t took_ns)
{
    size_t length = strlen(name);
    co_ensure(length <= RESPONSE_STAGE_NAME);
    memcpy(to, name, length);
    memcpy(to + length, ";dur=", 5);
    return write_ms(to + length + 5, took_ns);
}

const char *server_timing_write(
    const struct response *response, int64_t now_ns, char text[SERVER_TIMING_TEXT])
{
    /* Of a request whose head never was whole it is not known when it began. */
    int64_t from_ns = response->began_ns ? response->began_ns : now_ns;
    char *to = text;
    for (size_t i = 0; i < response->stage_count; i++) {
        const struct response_stage *stage = &response->stages[i];
        to = write_stage(to, stage->name, stage->end_ns - from_ns);
        memcpy(to, ", ", 2);
        to += 2;
        from_ns = stage->end_ns;
    }
    to = write_stage(to, response->stage_count ? "answer" : "parse", now_ns - from_ns);
    *to = '\0';
    return text;
}
