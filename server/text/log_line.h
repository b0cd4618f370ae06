/* SPDX-License-Identifier: MIT */
/* A line of the log, put together in memory: log.h says what it looks like. */
#ifndef SERVER_TEXT_LOG_LINE_H
#define SERVER_TEXT_LOG_LINE_H

#include "server/text/log.h"

enum { LOG_LINE_BYTES = 1400, LOG_MESSAGE_BYTES = 1000 };

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
