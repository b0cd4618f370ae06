/* SPDX-License-Identifier: MIT */
/* All that a ledger has in memory when it begins: fold.h and restore.h, read in one snapshot, as
 * whoever serves it may be at a checkpoint. */
#ifndef LEDGER_JOURNAL_STATE_H
#define LEDGER_JOURNAL_STATE_H

#include <stdatomic.h>

#include "ledger/journal/fold.h"
#include "ledger/journal/store.h"

struct account_table;
struct hold_table;

struct state {
    struct account_table *accounts; /* empty, as are the holds */
    struct hold_table *holds;
    _Atomic bool *frozen; /* comes out, as do all below */
    _Atomic uint64_t *freeze_seq;
    int64_t asked_ns; /* when the database was asked (co_clock_boot_ns()) */
    struct fold fold;
    struct lease_place end; /* its last batch, and the epoch of that; batch 0: there is none */
    bool chained;           /* that one has a hash */
};

/* On the store's opener. False, with the reason: the database could not be read, or the journal
 * contradicts itself. Parks; before anything else uses the tables. */
CO_MUST_CHECK bool state_read(
    struct co_context *context, struct store *store, struct state *state, char *error, size_t size);

#endif
