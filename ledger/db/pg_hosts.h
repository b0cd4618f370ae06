/* SPDX-License-Identifier: MIT */
/*
 * Which of several hosts is the database: of those that take writes the one on the newest timeline.
 * A former primary that was cut off, or hung while another was promoted, takes writes as well when
 * it is back; libpq would take it if it stands first. For the files of pg only.
 */
#ifndef LEDGER_DB_PG_HOSTS_H
#define LEDGER_DB_PG_HOSTS_H

#include "ledger/db/pg_private.h"

enum { PG_HOST_S = 2, PG_HOSTS_MAX = 16 }; /* the time that each of several hosts has to answer */

/* The value of an option, NULL if it has none. */
const char *pg_hosts_option(const PQconninfoOption *options, const char *keyword);

/* How many hosts they name. */
size_t pg_hosts_count(const PQconninfoOption *options);

struct pg_hosts_wanted {
    const char *role; /* as which it works; NULL: as itself */
    bool reads;       /* and nothing else: a standby serves, and is preferred */
};

/* Ask all of them at the same time, and connect to the one that is the database, or is to be read.
 * NULL: none is; the reason is in `error`. */
CO_MUST_CHECK struct pg *pg_hosts_connect(struct co_context *context,
    const PQconninfoOption *options, const struct pg_hosts_wanted *wanted, int64_t timeout_ns,
    char *error, size_t error_size);

/* Is it on the newest timeline of its cluster that this process has seen? Then it is noted, unless
 * it is for reading alone. False:
 * it is a former primary; the reason is in `error`. Never parks; from any coroutine. */
CO_MUST_CHECK bool pg_hosts_admit(struct pg *pg, char *error, size_t error_size);

#endif
