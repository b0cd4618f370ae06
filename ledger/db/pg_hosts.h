/* SPDX-License-Identifier: MIT */
/*
 * Which of several hosts is the database: of those that take writes the one on the newest timeline.
 * A former primary that was cut off, or hung while another was promoted, takes writes as well when
 * it is back; libpq would take it if it stands first. For the files of pg only.
 *
 * A host that says nothing, as its PostgreSQL hangs or what is sent to it is dropped, has PG_HOST_S
 * to answer, and all wait for it: it may be on the newest timeline. For some seconds after that it
 * has PG_HOST_BRIEF_MS, and then once more all of its time. Nothing goes wrong by that which would
 * not otherwise: one that is away for good cannot be waited for either, so whatever keeps a former
 * primary from acknowledging then does so here, too. It is refused where a newer timeline has been
 * seen (pg_hosts_admit()); and where a standby has to confirm what is written (--require-sync sees
 * to that), none does so for a former primary: it follows the new one, or is it.
 */
#ifndef LEDGER_DB_PG_HOSTS_H
#define LEDGER_DB_PG_HOSTS_H

#include "ledger/db/pg_private.h"

enum {
    PG_HOSTS_MAX = 16,
    PG_HOST_S = 2,          /* the time that each of several hosts has to answer; */
    PG_HOST_BRIEF_MS = 300, /* one that used all of it and was silent, for ... */
    PG_HOST_BRIEF_S = 10    /* ... so long from then on */
};

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
