/* SPDX-License-Identifier: MIT */
#include "coro/say.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

void co_say_line(int fd, const char *format, ...)
{
    char text[400];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    ssize_t written = n > 0 ? write(fd, text, n < (int)sizeof text ? (size_t)n : sizeof text) : 0;
    (void)written;
}
