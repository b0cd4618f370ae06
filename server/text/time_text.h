/* SPDX-License-Identifier: MIT */
/*
 * Points in time as text. The civil date is computed as in Howard Hinnant, "chrono-Compatible
 * Low-Level Date Algorithms" (civil_from_days), because the C library's way takes a lock.
 */
#ifndef SERVER_TEXT_TIME_TEXT_H
#define SERVER_TEXT_TIME_TEXT_H

#include <stdbool.h>
#include <stdint.h>

enum { TIME_TEXT = 28, TIME_TEXT_HTTP = 30 };

/* Microseconds since 1970 UTC (years 1970-9999) as "2026-11-21T09:00:00.123456Z". */
void time_text(int64_t at_us, char text[TIME_TEXT]);

/* A time of RFC 3339 back: digits below a microsecond do not count, "+01:00" may stand for "Z" (or
 * with a blank for the "+", which is how it comes in a query), and a date alone is the beginning of
 * that day, UTC. False: it is not such a time, or not of the years
 * 1970-9999. */
bool time_read(const char *text, int64_t *at_us);

/* Seconds since 1970 UTC as "Sat, 21 Nov 2026 09:00:00 GMT", for the header Date. */
void time_text_http(int64_t at_s, char text[TIME_TEXT_HTTP]);

#endif
