/* SPDX-License-Identifier: MIT */
/* The figures of the databases, and of the standbys that are read instead. */
#ifndef SERVER_API_METRICS_DATABASES_H
#define SERVER_API_METRICS_DATABASES_H

struct banks;
struct json_out;

/* NULL banks: there are none yet. Never parks. */
void metrics_databases_write(struct json_out *out, struct banks *banks);

#endif
