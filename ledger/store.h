/* SPDX-License-Identifier: MIT */
/*
 * A ledger's place in PostgreSQL: who may write it, how a batch gets in, and connections for
 * reading. What is read, and how, is in query.h and fold.h.
 *
 * All of these may park. store_commit() is for the committer alone; the rest for any coroutine.
 */
#ifndef LEDGER_STORE_H
#define LEDGER_STORE_H

#include <stdint.h>

#include "coro/context.h"
#include "ledger/hash.h"
#include "ledger/pg.h"
#include "ledger/readers.h"

enum { STORE_READERS = 4 };

struct store {
    char *conninfo;
    int ledger;               /* its number in the database */
    uint64_t epoch;           /* ours */
    uint64_t batch;           /* the last one known to be committed */
    uint8_t hash[HASH_CHAIN]; /* of that one */
    struct pg *writer;
    struct readers *readers, *own_readers; /* own: those that this store made, or NULL */
    unsigned silences; /* tries in a row that ended because the database did not answer */
    bool rival;        /* the last try to write found that another session has our lock */
    char problem[300]; /* of the last failure to commit, for logs */
};

/*
 * Bring the schema up to date, find the ledger (or make it), wait until no other process serves it
 * and take the next epoch: from then on nobody else can commit. A process that hangs is not waited
 * for. `readers` NULL: of its own. NULL on failure, with the reason.
 */
MUST_CHECK struct store *store_open(struct context *context, const char *conninfo,
    const char *ledger, const char *strategy, struct readers *readers, char *error,
    size_t error_size);
void store_close(struct store **store);

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

/* The columns of each in the order of its rows: "account (ledger,no,...)". */
extern const char *const store_tables[STORE_TABLES];

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
    STORE_FENCED,  /* another process has taken the ledger over */
    STORE_REFUSED, /* the database found the batch in the wrong: a bug */
};

/* A try ends, and RETRY is answered, when nothing of it has moved for STORE_SILENCE_S; twice as
 * long for the next try of the same batch, up to eight times: a disk that is slow for good must get
 * it in in the end. */
enum { STORE_SILENCE_S = 5, STORE_LONG_SILENCE_S = 300 };
MUST_CHECK enum store_commit store_commit(
    struct context *context, struct store *store, const struct store_batch *batch);

/* When there is nothing to commit: is the database there, and the ledger still ours? COMMITTED:
 * yes. */
MUST_CHECK enum store_commit store_ping(struct context *context, struct store *store);

/* Fold the journal up to `seq` into the balance table. RETRY: not now; REFUSED: what the journal
 * says does not add up. `why` says more of both. */
MUST_CHECK enum store_commit store_checkpoint(
    struct context *context, struct store *store, uint64_t seq, char *why, size_t size);

/* Run a statement on one of the readers; a connection that was lost while idle is replaced and the
 * statement tried once more. */
MUST_CHECK enum pg_status store_read(struct context *context, struct store *store,
    const struct pg_statement *statement, const char *const *values, struct pg_result **result);

/* One more session like those, the caller's to close; for what may take long, and is lost when it
 * says nothing for STORE_LONG_SILENCE_S. NULL on failure, with the reason. */
MUST_CHECK struct pg *store_connect(
    struct context *context, struct store *store, char *error, size_t error_size);

/* The numbers of all statements that go through store_read(), in one place, so that none is given
 * twice (pg.h: slot). */
enum store_slot {
    STORE_SLOT_CHECKPOINT,
    STORE_SLOT_JOURNAL,
    STORE_SLOT_STATEMENT,
    STORE_SLOT_STATEMENT_START,
    STORE_SLOT_ENTRY,
    STORE_SLOT_KEY,
    STORE_SLOT_ACCOUNTS,
    STORE_SLOT_BALANCE,
    STORE_SLOT_METADATA,
    STORE_SLOT_PAST,
    STORE_SLOT_SEQ_AT,
    STORE_SLOT_LOCK,
    STORE_SLOT_EPOCH,
    STORE_SLOT_WRITER,
    STORE_SLOT_LEDGERS,
    STORE_SLOT_SETTLEMENT,
    STORE_SLOT_REVERSAL,
    STORE_SLOT_SEGMENT,
    STORE_SLOT_ITEM_KEYS,
    STORE_SLOT_ITEMS,
};

#endif
