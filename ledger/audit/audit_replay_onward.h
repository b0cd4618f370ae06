/* SPDX-License-Identifier: MIT */
/*
 * The replay (audit_replay.h), going on from a place with tables that were read at it: what comes
 * into the journal is judged as it is by any audit, and then carried out on them, a stretch at a
 * time and in bounded memory. Others may read the tables meanwhile, in sections of the strategy.
 */
#ifndef LEDGER_AUDIT_AUDIT_REPLAY_ONWARD_H
#define LEDGER_AUDIT_AUDIT_REPLAY_ONWARD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "coro/context.h"
#include "ledger/audit/audit_report.h"
#include "ledger/db/pg.h"
#include "ledger/domain/hash.h"

struct account_table;
struct hold_table;
struct strategy;
struct audit_batch;

/* How far it is: the last batch and its last entry; all zeros before the first. */
struct audit_place {
    uint64_t seq, batch, epoch;
    int64_t at_us;
    bool chained; /* the batch has a hash */
    uint8_t hash[HASH_CHAIN];
};

/* What it changes, as it is at that place, and whom it tells. */
struct audit_replay_onward {
    int ledger;
    struct account_table *accounts;
    struct hold_table *holds;
    _Atomic bool *frozen; /* the whole ledger */
    _Atomic uint64_t *freeze_seq;
    struct strategy *strategy;
    /* May a stretch that ends with that batch be carried out? It may park, as may the reading. */
    bool (*admits)(struct co_context *context, void *arg, const struct audit_batch *last);
    void (*passed)(void *arg, uint64_t seq, int64_t at_us); /* up to there; it must not park */
    void *arg;
    struct audit_place place;
};

/* A step that carried out so many entries did not come to the end. */
enum { AUDIT_ONWARD_FULL = 4096 };

enum audit_replay_onward_found {
    AUDIT_ONWARD_MORE,    /* a stretch was carried out: there may be another */
    AUDIT_ONWARD_NOTHING, /* the journal ends here */
    AUDIT_ONWARD_AWAY,    /* it could not be read, or is not admitted: nothing was done */
    AUDIT_ONWARD_WRONG,   /* see the report; the tables may not be used any more */
    AUDIT_ONWARD_SHORT,   /* of memory; the same */
};

/* Read the next stretch, of batches that end at `upto` at the latest, and carry it out. Of a batch
 * that breaks the chain of hashes nothing is. The context bounds the reading alone. Parks; for one
 * coroutine. */
CO_MUST_CHECK enum audit_replay_onward_found audit_replay_onward_step(struct co_context *context,
    struct pg *pg, struct audit_replay_onward *onward, uint64_t upto, struct audit_report *report);

#endif
