/* SPDX-License-Identifier: MIT */
/*
 * A ledger's place in PostgreSQL: which server may write it, where its batches have come to, and
 * connections for reading. What is read, and how, is in query.h and fold.h; how a batch gets in, in
 * transaction.h.
 *
 * All of these may park, but for store_acknowledge(), which is for the committer alone.
 */
#ifndef LEDGER_JOURNAL_STORE_H
#define LEDGER_JOURNAL_STORE_H

#include <stdatomic.h>
#include <stdint.h>

#include "coro/context.h"
#include "ledger/domain/hash.h"
#include "ledger/lease/lease.h"
#include "ledger/ledger_figures.h"
#include "ledger/db/errands.h"
#include "ledger/db/pg.h"
#include "ledger/db/readers.h"
#include "ledger/db/replica.h"
#include "coro/lock.h"

enum { STORE_READERS = 4 };

/* What may be told of it. */
enum store_standing {
    STORE_OURS,     /* what the lease says (claim) */
    STORE_FOLLOWED, /* another server's: what was read, for what it is */
    STORE_BROKEN,   /* the same, but what was read is wrong: nothing */
};

struct store {
    char *conninfo;
    int ledger;                      /* its number in the database */
    uint64_t epoch;                  /* ours */
    uint64_t batch;                  /* the last one known to be committed */
    uint8_t hash[HASH_CHAIN];        /* of that one */
    int64_t moments_until_us;        /* what former owners may have told; 0: nothing */
    struct lease *lease, *own_lease; /* own: those that this store made, or NULL */
    struct lease_claim claim;        /* on this ledger, once it has been taken */
    struct pg *opener;               /* the session in which it is taken and read; then NULL */
    struct errands *opener_of;       /* to which that goes back */
    struct readers *readers, *own_readers;
    struct errands *errands;
    struct replica
        *replica;        /* what is followed is read there where it can be; NULL: nowhere else */
    struct co_lock lock; /* guards what follows */
    struct replica_place vouched; /* of what is followed: the database has it, and so all before */
    _Atomic enum store_standing standing;
};

struct store_options {
    const char *conninfo, *ledger, *strategy;
    struct readers *readers; /* NULL: of its own */
    struct errands *errands; /* its server's, or its own: they outlive the store */
    struct replica *replica; /* while it is followed; NULL: nowhere but in the database */
    struct lease *lease; /* NULL: of its own, and the schema is brought up to date, the ledger made
                            if need be, and waited for until nobody has it */
    int number;          /* with a lease: of the ledger */
    const struct lease_place *had; /* what was followed of it: the database must have that, too;
                                      NULL: nothing was */
};

/* Take the ledger: from then on nobody else can commit. NULL on failure, with the reason, and in
 * *trouble (if not NULL) of which kind it is. */
CO_MUST_CHECK struct store *store_open(struct co_context *context,
    const struct store_options *options, enum ledger_trouble *trouble, char *error,
    size_t error_size);
/* Have a ledger that another server has, or nobody, to be followed: nothing is changed in the
 * database, and with a lease that is its server's. NULL: memory is short. Never parks. */
CO_MUST_CHECK struct store *store_follow(const struct store_options *options);

/* Take one that is followed, as store_open() does: its claim is made, and `opener` is there. It
 * stays FOLLOWED until store_own(). False, with the reason: nothing has changed. */
CO_MUST_CHECK bool store_take(struct co_context *context, struct store *store,
    const struct store_options *options, enum ledger_trouble *trouble, char *error,
    size_t error_size);
void store_own(struct store *store); /* never parks */

/* Does the database have that batch of the ledger, as it was (a place of batch 0 it has)? Asked on
 * `opener`, or, if that is NULL, on a reader. Not OK: it is not known. */
CO_MUST_CHECK enum pg_status store_has_batch(struct co_context *context, const struct store *store,
    struct pg *opener, const struct lease_place *had, bool *has);

/* It has been taken, and has not: in words. True: the lease was started to go on from what is left,
 * and that has been said. False: it is recorded, so that no other server goes on where this one may
 * not. On the opener. */
bool store_accepts_loss(struct co_context *context, const struct store *store,
    const struct lease_place *had, char *error, size_t error_size);

/* What is followed is told up to there at most from now on: the database has that batch. Never
 * parks. */
void store_vouch(struct store *store, const struct replica_place *place);

/* Have a session to read it in (`opener`), one of those: the database's, or its replica's. False,
 * with the reason. Parks. */
CO_MUST_CHECK bool store_begin_opening(struct co_context *context, struct store *store,
    struct errands *errands, char *error, size_t error_size);
void store_end_opening(struct store *store); /* all has been read: its session is not needed */
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

struct store_found {
    int number; /* that it has in the database */
    bool made;  /* it was not there */
};

/* Find the ledger of that name, or make it. Not OK: the reason is in `error`. */
CO_MUST_CHECK enum pg_status store_find(struct co_context *context, const char *conninfo,
    const struct store_wanted *wanted, struct store_found *found, char *error, size_t error_size);

/* Its last batch, which ends with that position, is committed, and may be acknowledged. */
void store_acknowledge(struct store *store, uint64_t seq);

/* FROM in a statement that runs one of the checkpoint's functions: it waits for a lock no longer
 * than that. Whoever has a row or a table locked keeps one ledger's checkpoint from being made; the
 * other ledgers, whose turn comes after it, must not wait for that as well. */
#define STORE_LOCK_BOUND " FROM set_config('lock_timeout', '10s', true)"

enum store_outcome {
    STORE_COMMITTED,
    STORE_RETRY,   /* not now */
    STORE_REFUSED, /* what the journal says does not add up */
};

/* Fold a ledger's journal up to `seq` into the balance table, on that session (errands.h). `why`
 * has the details of what is not COMMITTED. */
CO_MUST_CHECK enum store_outcome store_checkpoint(
    struct co_context *context, struct pg *pg, int ledger, uint64_t seq, char *why, size_t size);

/* Run a statement on one of the readers (readers.h), of a ledger that has been taken. PG_LOST as
 * well once the lease is over, as whatever comes then could not be told. */
CO_MUST_CHECK enum pg_status store_read(struct co_context *context, struct store *store,
    const struct pg_statement *statement, const char *const *values, struct pg_result **result);

#endif
