/* SPDX-License-Identifier: MIT */
/* Lines on stderr: "2026-11-21T09:00:00.123456Z info what happened". Never a token in them. */
#ifndef SERVER_TEXT_LOG_H
#define SERVER_TEXT_LOG_H

/* From any thread; a line is written in one piece, and cut at 1,000 characters. */
__attribute__((format(printf, 1, 2))) void log_info(const char *format, ...);
__attribute__((format(printf, 1, 2))) void log_error(const char *format, ...);

#endif
