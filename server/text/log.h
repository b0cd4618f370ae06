/* SPDX-License-Identifier: MIT */
/*
 * The log of the service, on stderr, a line an event: for people
 *     2026-11-21T09:00:00.123456Z info answered method=GET status=200 ms=0.123
 * or for programs, as an object of JSON with the members time, level, message, and the fields.
 *
 * Never a secret in it: nobody hands over a token, a cookie, a header or a query, and what libpq
 * says was searched for passwords (pg_secret.h). What a client has sent can neither end a line nor
 * make a terminal do anything.
 */
#ifndef SERVER_TEXT_LOG_H
#define SERVER_TEXT_LOG_H

#include "server/text/log_line.h"

/* Until now lines. Before threads are started. */
void log_use(enum log_format format);

/* From any thread; a line is written in one piece, and cut at 1,000 characters. Behind the message
 * stands the request_id of the request that the running coroutine works for (log_request.h). */
__attribute__((format(printf, 1, 2))) void log_info(const char *format, ...);
__attribute__((format(printf, 1, 2))) void log_error(const char *format, ...);

/* The same, of another coroutine, by its number: co_id(). */
__attribute__((format(printf, 2, 3))) void log_error_of(
    uint64_t coroutine, const char *format, ...);

/* What happened, in a word or two, and what is to be known of it; those without a name are left
 * out. Which request it is of stands among them.
 */
void log_event(const char *message, const struct log_field *fields, size_t count);

#endif
