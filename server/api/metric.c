/* SPDX-License-Identifier: MIT */
#include "server/api/metric.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include "coro/ensure.h"
#include "server/text/json_out.h"

void metric_line(struct json_out *out, const char *format, ...)
{
    char text[300];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    /* Every format is ours: a line that does not fit is a mistake of ours. */
    co_ensure(length >= 0 && (size_t)length < sizeof text);
    json_out_raw(out, text, (size_t)length);
}

void metric_head(struct json_out *out, const char *name, const char *type, const char *help)
{
    metric_line(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void metric_number(
    struct json_out *out, const char *name, const char *type, const char *help, uint64_t value)
{
    metric_head(out, name, type, help);
    metric_line(out, "%s %llu\n", name, (unsigned long long)value);
}

void metric_seconds(struct json_out *out, const char *name, uint64_t ns)
{
    metric_line(out, "%s %llu.%09llu\n", name, (unsigned long long)(ns / 1000000000),
        (unsigned long long)(ns % 1000000000));
}
