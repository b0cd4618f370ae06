/* SPDX-License-Identifier: MIT */
#include "server/text/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "coro/clock.h"
#include "server/text/log_request.h"

static enum log_format used_format;

void log_use(enum log_format format)
{
    used_format = format;
}

/* One write a line, so that lines of several threads do not mix. */
static void write_line(struct log_line *line)
{
    log_line_end(line);
    if (write(STDERR_FILENO, line->text, line->length) < 0)
        return; /* nobody to tell */
}

/* The id of the request that this is for, if there is one. */
static void add_request(struct log_line *line, const char *id)
{
    if (*id)
        log_line_add(line, &(struct log_field){"request_id", id, 0, false});
}

__attribute__((format(printf, 3, 0))) static void log_text(
    const char *level, const char *request, const char *format, va_list args)
{
    char message[LOG_MESSAGE_BYTES];
    struct log_line line;
    if (vsnprintf(message, sizeof message, format, args) < 0)
        return;
    log_line_begin(&line, used_format, co_clock_wall_us(), level, message);
    add_request(&line, request);
    write_line(&line);
}

void log_info(const char *format, ...)
{
    char request[LOG_REQUEST_ID];
    va_list args;
    (void)log_request_current(request);
    va_start(args, format);
    log_text("info", request, format, args);
    va_end(args);
}

void log_error(const char *format, ...)
{
    char request[LOG_REQUEST_ID];
    va_list args;
    (void)log_request_current(request);
    va_start(args, format);
    log_text("error", request, format, args);
    va_end(args);
}

void log_error_of(uint64_t coroutine, const char *format, ...)
{
    char request[LOG_REQUEST_ID];
    va_list args;
    (void)log_request_of(coroutine, request);
    va_start(args, format);
    log_text("error", request, format, args);
    va_end(args);
}

void log_event(const char *message, const struct log_field *fields, size_t count)
{
    struct log_line line;
    log_line_begin(&line, used_format, co_clock_wall_us(), "info", message);
    for (size_t i = 0; i < count; i++)
        if (fields[i].name)
            log_line_add(&line, &fields[i]);
    write_line(&line);
}
