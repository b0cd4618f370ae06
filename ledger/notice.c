/* SPDX-License-Identifier: MIT */
#include "ledger/notice.h"

#include <stdarg.h>
#include <stdio.h>

/* Written before there are coroutines that could read it, so without a lock. */
static struct notice_listener heard_by;

void notice_to(struct notice_listener listener)
{
    heard_by = listener;
}

void notice(enum notice_grade grade, const char *format, ...)
{
    char text[NOTICE_TEXT];
    va_list args;
    if (!heard_by.hear)
        return;
    va_start(args, format);
    int length = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (length >= 0)
        heard_by.hear(heard_by.arg, grade, text);
}
