/* SPDX-License-Identifier: MIT */
/* The lines of /metrics: Prometheus' text format. */
#ifndef SERVER_API_METRIC_H
#define SERVER_API_METRIC_H

#include <stdint.h>

struct json_out;

/* As printf(); a line has its end, and fewer than 300 bytes. */
__attribute__((format(printf, 2, 3))) void metric_line(
    struct json_out *out, const char *format, ...);

/* What stands above the series of a name, once. */
void metric_head(struct json_out *out, const char *name, const char *type, const char *help);

/* That, and its only series. */
void metric_number(
    struct json_out *out, const char *name, const char *type, const char *help, uint64_t value);

/* A series, nanoseconds as seconds, exactly; `name` with its labels. */
void metric_seconds(struct json_out *out, const char *name, uint64_t ns);

#endif
