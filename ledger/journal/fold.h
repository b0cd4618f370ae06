/* SPDX-License-Identifier: MIT */
/*
 * Start-up: memory is made from the database, by folding the journal. The balances of the last
 * checkpoint are taken as they are; every posting after it is applied by the rules again, and must
 * give the very balances that were written with it.
 */
#ifndef LEDGER_JOURNAL_FOLD_H
#define LEDGER_JOURNAL_FOLD_H

#include "ledger/domain/account.h"
#include "ledger/journal/store.h"

struct account_table;

struct fold {
    uint64_t seq;                    /* the last entry; 0: the journal is empty */
    int64_t at_us;                   /* its time */
    uint64_t checkpoint;             /* the position that the balances were taken from */
    uint8_t key_secret[HASH_SECRET]; /* what its keys are hashed with (keys.h) */
};

/* False, with the reason: the database could not be read, or the journal contradicts itself (the
 * reason names the position). May park; before anything else uses the tables. */
CO_MUST_CHECK bool fold_journal(struct co_context *context, struct store *store,
    struct account_table *accounts, struct fold *fold, char *error, size_t size);

#endif
