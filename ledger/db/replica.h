/* SPDX-License-Identifier: MIT */
/*
 * A database that is read instead of the one that is written: a standby of it. It may lag, be away,
 * or not be what it is taken for; and it may be ahead of what the database counts as committed,
 * which waits for other standbys first. So nothing that it says is believed as it is: whoever reads
 * it knows, of the database itself, a batch that must be there (struct replica_place); a session of
 * it that has that batch, with that hash, has all that came before it.
 *
 * A coroutine of its own looks once a second whether it is of the same cluster, and how far behind;
 * the others use it only while it is REPLICA_GOOD, else the database.
 */
#ifndef LEDGER_DB_REPLICA_H
#define LEDGER_DB_REPLICA_H

#include <stdbool.h>
#include <stdint.h>

#include "coro/context.h"
#include "ledger/db/errands.h"
#include "ledger/db/pg.h"
#include "ledger/db/readers.h"
#include "ledger/domain/hash.h"

enum {
    REPLICA_LATE_S = 10,  /* one that is that far behind is not used */
    REPLICA_APART_S = 60, /* nor, for so long, one that contradicted the database */
};

enum replica_state {
    REPLICA_UNKNOWN, /* it has not been looked at yet */
    REPLICA_GOOD,
    REPLICA_LATE,
    REPLICA_AWAY,  /* it cannot be asked */
    REPLICA_APART, /* it is of another cluster, or contradicts the database */
};

struct replica;

/* What it must have: a batch of a ledger. Batch 0: nothing. */
struct replica_place {
    int ledger;
    uint64_t batch;
    bool chained; /* the batch has a hash */
    uint8_t hash[HASH_CHAIN];
};

/* Texts are copied; `primary`, connections to the database itself, outlive it. NULL: memory is
 * short. Never parks. */
CO_MUST_CHECK struct replica *replica_start(const char *conninfo, struct readers *primary);
void replica_stop(struct replica **replica); /* nobody may be using it; parks; NULL is fine */

/* May it be used now? NULL may not. Never parks; thread-safe, as are all below. */
bool replica_is_good(struct replica *replica);

/* Park until it is known whether it may be used, some seconds at most. */
void replica_settle(struct co_context *context, struct replica *replica);

/* When at the latest the database had what the replica has at least (co_clock_boot_ns()). Never
 * parks. */
int64_t replica_caught_ns(struct replica *replica);

/* It has contradicted the database: in words, for the log. Never parks. */
void replica_distrust(struct replica *replica, const char *why);

/* Connections to it, to read what is held against the database afterwards. */
struct readers *replica_readers(struct replica *replica);
struct errands *replica_errands(struct replica *replica);

/* As readers_run(), where that place is there. All but PG_OK: it is to be asked of the database. */
CO_MUST_CHECK enum pg_status replica_run(struct co_context *context, struct replica *replica,
    const struct replica_place *place, const struct pg_statement *statement,
    const char *const *values, struct pg_result **result);

struct replica_figures {
    enum replica_state state;
    int64_t lag_ns;     /* how long ago, at most, it had all that the database had */
    uint64_t passed_on; /* reads that were asked of the database instead, as it had not come so far,
                         or failed */
};
void replica_read_figures(struct replica *replica, struct replica_figures *figures);

#endif
