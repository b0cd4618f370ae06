/* SPDX-License-Identifier: MIT */
#include "server/http/trace_parent.h"

#include <string.h>

/* "00-" trace "-" span "-" flags */
enum {
    TRACE_AT = 3,
    SPAN_AT = TRACE_AT + TRACE_ID_DIGITS + 1,
    FLAGS_AT = SPAN_AT + TRACE_SPAN_DIGITS + 1,
    WHOLE = FLAGS_AT + 2,
};

/* Digits, not all of them zero if `some`. */
static bool is_hex(const char *text, size_t digits, bool some)
{
    bool has_some = false;
    for (size_t i = 0; i < digits; i++) {
        if (!((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f')))
            return false;
        has_some |= text[i] != '0';
    }
    return has_some || !some;
}

/* Later versions may have more behind the flags, with a dash between; ff never will be one. */
static bool version_is_good(const char *text, size_t length)
{
    if (!is_hex(text, 2, false) || memcmp(text, "ff", 2) == 0)
        return false;
    bool is_first = memcmp(text, "00", 2) == 0;
    return length == WHOLE || (!is_first && text[WHOLE] == '-');
}

bool trace_parent_read(struct trace_parent *parent, const char *text, size_t length)
{
    *parent = (struct trace_parent){.trace = ""};
    bool good = length >= WHOLE && version_is_good(text, length) && text[TRACE_AT - 1] == '-' &&
                text[SPAN_AT - 1] == '-' && text[FLAGS_AT - 1] == '-' &&
                is_hex(text + TRACE_AT, TRACE_ID_DIGITS, true) &&
                is_hex(text + SPAN_AT, TRACE_SPAN_DIGITS, true) &&
                is_hex(text + FLAGS_AT, 2, false);
    if (good) {
        memcpy(parent->trace, text + TRACE_AT, TRACE_ID_DIGITS);
        memcpy(parent->span, text + SPAN_AT, TRACE_SPAN_DIGITS);
    }
    return good;
}
