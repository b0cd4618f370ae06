/* SPDX-License-Identifier: MIT */
/*
 * What else must be known when a ledger opens, besides the balances (fold.h): the open holds, what
 * each account has held, and what is frozen. It was kept with the checkpoint; of the journal only
 * the tail behind it is read, whatever came before.
 */
#ifndef LEDGER_JOURNAL_RESTORE_H
#define LEDGER_JOURNAL_RESTORE_H

#include <stdatomic.h>

#include "ledger/domain/account.h"
#include "ledger/memory/hold_table.h"
#include "ledger/journal/store.h"

struct account_table;

struct restore {
    struct account_table *accounts; /* as folded */
    struct hold_table *holds;       /* empty */
    uint64_t checkpoint;            /* of the fold */
    _Atomic bool *frozen;           /* comes out: whether the whole ledger is, */
    _Atomic uint64_t *freeze_seq;   /* since which entry; 0: it never was */
};

/* In the same snapshot as the fold. False, with the reason: the database could not be read, or
 * holds, what is held and the journal contradict each other (the reason names the position). Parks.
 */
CO_MUST_CHECK bool restore_state(struct co_context *context, struct store *store,
    const struct restore *restore, char *error, size_t size);

#endif
