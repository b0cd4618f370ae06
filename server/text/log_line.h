/* SPDX-License-Identifier: MIT */
/* A line of the log, put together in memory: log.h says what it looks like. */
#ifndef SERVER_TEXT_LOG_LINE_H
#define SERVER_TEXT_LOG_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LOG_LINE_BYTES = 1400, LOG_MESSAGE_BYTES = 1000 };

enum log_format { LOG_LINES, LOG_JSON };

struct log_field {
    const char *name; /* a word */
    const char *text; /* NULL: it is the number */
    int64_t number;
    bool is_ns; /* written as milliseconds, with three decimals */
};

struct log_line {
    enum log_format format;
    size_t length;
    char text[LOG_LINE_BYTES];
};

/* `at_us`: co_clock_wall_us(). The message is any text, of any bytes. */
void log_line_begin(struct log_line *line, enum log_format format, int64_t at_us, const char *level,
    const char *message);

/* What there is no room for is left out, or cut. */
void log_line_add(struct log_line *line, const struct log_field *field);

/* With the line's end; no more may be added. */
void log_line_end(struct log_line *line);

#endif
