/* SPDX-License-Identifier: MIT */
/*
 * A ledger's place in PostgreSQL: which server may write it, how a batch gets in, and connections
 * for reading. What is read, and how, is in query.h and fold.h.
 *
 * All of these may park. store_commit() is for the committer alone; the rest for any coroutine.
 */
#ifndef LEDGER_JOURNAL_STORE_H
#define LEDGER_JOURNAL_STORE_H

#include <stdint.h>

#include "coro/context.h"
#include "ledger/domain/hash.h"
#include "ledger/lease/lease.h"
#include "ledger/ledger_figures.h"
#include "ledger/db/pg.h"
#include "ledger/db/readers.h"

enum { STORE_READERS = 4 };

struct store {
    char *conninfo;
    int ledger;                      /* its number in the database */
    uint64_t epoch;                  /* ours */
    uint64_t batch;                  /* the last one known to be committed */
    uint8_t hash[HASH_CHAIN];        /* of that one */
    int64_t moments_until_us;        /* what former owners may have told; 0: nothing */
    struct lease *lease, *own_lease; /* own: those that this store made, or NULL */
    struct lease_claim claim;        /* on this ledger, once it has been taken */
    struct pg *writer;
    struct readers *readers, *own_readers;
    unsigned silences; /* tries in a row that ended because the database did not answer */
    char problem[300]; /* of the last failure to commit, for logs */
};

struct store_options {
    const char *conninfo, *ledger, *strategy;
    struct readers *readers; /* NULL: of its own */
    struct lease *lease; /* NULL: of its own, and the schema is brought up to date, the ledger made
                            if need be, and waited for until nobody has it */
    int number;          /* with a lease: of the ledger */
};

/* Take the ledger: from then on nobody else can commit. NULL on failure, with the reason, and in
 * *trouble (if not NULL) of which kind it is. */
CO_MUST_CHECK struct store *store_open(struct co_context *context,
    const struct store_options *options, enum ledger_trouble *trouble, char *error,
    size_t error_size);
void store_close(struct store **store);

/* Bring the schema up to date, as its owner. PG_LOST: the database is away. */
CO_MUST_CHECK enum pg_status store_prepare(
    struct co_context *context, const char *conninfo, char *error, size_t error_size);

/* A ledger that there should be. The texts are the caller's. */
struct store_wanted {
    const char *ledger;   /* its name, valid */
    const char *strategy; /* with which it is made, if it has to be */
    uint64_t server;      /* whose it is then; 0: nobody's */
};

/* Find the ledger of that name, or make it; *number is the one that it has in the database. Not
 * OK: the reason is in `error`. */
CO_MUST_CHECK enum pg_status store_find(struct co_context *context, const char *conninfo,
    const struct store_wanted *wanted, int *number, char *error, size_t error_size);

/* The tables that a batch brings rows for. An entry's first posting, or the hold that it makes,
 * goes into its own row. */
enum store_table {
    STORE_ACCOUNTS,
    STORE_ENTRIES,
    STORE_POSTINGS,
    STORE_HELD,
    STORE_WAYPOINTS,
    STORE_TABLES,
};

/* What one database transaction brings in: the COPY data of each table; no rows: size 0. */
struct store_batch {
    uint64_t number; /* store->batch + 1 */
    uint64_t first_seq, last_seq;
    struct pg_data tables[STORE_TABLES];
    uint8_t hash[HASH_CHAIN];
};

enum store_commit {
    STORE_COMMITTED,
    STORE_RETRY,   /* the outcome is not known, or the database is away: the same batch again */
    STORE_FENCED,  /* another server has taken the ledger over */
    STORE_LOST,    /* the database has lost what was committed before */
    STORE_STOPPED, /* writes were stopped: the problem says why */
    STORE_REFUSED, /* the database found the batch wrong: a bug */
};

/* A try ends, and RETRY is answered, when nothing of it has moved for STORE_SILENCE_S; twice as
 * long for the next try of the same batch, up to eight times: a disk that stays slow must
 * get it in eventually. */
enum { STORE_SILENCE_S = 5, STORE_LONG_SILENCE_S = 300 };
CO_MUST_CHECK enum store_commit store_commit(
    struct co_context *context, struct store *store, const struct store_batch *batch);

/* Fold the journal up to `seq` into the balance table. RETRY: not now; REFUSED: what the journal
 * says does not add up. `why` has the details of both. */
CO_MUST_CHECK enum store_commit store_checkpoint(
    struct co_context *context, struct store *store, uint64_t seq, char *why, size_t size);

/* Run a statement on one of the readers (readers.h), of a ledger that has been taken. PG_LOST as
 * well once the lease is over, as whatever comes then could not be told. */
CO_MUST_CHECK enum pg_status store_read(struct co_context *context, struct store *store,
    const struct pg_statement *statement, const char *const *values, struct pg_result **result);

/* One more session like those, the caller's to close; for what may take long, and is lost when it
 * says nothing for STORE_LONG_SILENCE_S. NULL on failure, with the reason. */
CO_MUST_CHECK struct pg *store_connect(
    struct co_context *context, struct store *store, char *error, size_t error_size);

#endif
