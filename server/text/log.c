/* SPDX-License-Identifier: MIT */
#include "server/text/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "coro/clock.h"
#include "server/text/time_text.h"

enum { LINE_MAX_BYTES = 1000 };

__attribute__((format(printf, 2, 0))) static void log_line(
    const char *level, const char *format, va_list args)
{
    char line[LINE_MAX_BYTES + 2], at[TIME_TEXT];
    time_text(co_clock_wall_us(), at);
    int used = snprintf(line, sizeof line, "%s %s ", at, level);
    int more = vsnprintf(line + used, (size_t)(LINE_MAX_BYTES - used), format, args);
    size_t length = strlen(line);
    if (more < 0)
        return;
    for (size_t i = 0; i < length; i++) /* a line stays one line, whatever it quotes */
        if ((unsigned char)line[i] < ' ')
            line[i] = ' ';
    line[length++] = '\n';
    /* One write a line, so that lines of several threads do not mix. */
    if (write(STDERR_FILENO, line, length) < 0)
        return; /* nobody to tell */
}

void log_info(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    log_line("info", format, args);
    va_end(args);
}

void log_error(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    log_line("error", format, args);
    va_end(args);
}
