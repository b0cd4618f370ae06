/* SPDX-License-Identifier: MIT */
/*
 * After a start, brings the idempotency keys of all entries up to a position from the database into
 * the filter (keys.h), in the background: the ledger serves meanwhile, and asks the database for
 * each key. Most come packed, in the segments that the sealer has kept (sealer.h); those of the
 * journal's tail, or behind a segment that is damaged, from the journal.
 */
#ifndef LEDGER_JOURNAL_RECALL_H
#define LEDGER_JOURNAL_RECALL_H

#include <stdint.h>

#include "coro/duty.h"
#include "ledger/memory/keys.h"
#include "ledger/journal/store.h"

struct recall {
    struct co_duty duty;
    struct store *store;
    struct keys *keys;
    uint64_t upto;
    uint64_t covered; /* up to here segments were there, and right */
    bool damaged;     /* the one behind them was not */
};

/* Before the first claim. To be stopped, finished or not, before the store and the keys go. False:
 * memory is short. */
CO_MUST_CHECK bool recall_start(
    struct recall *recall, struct store *store, struct keys *keys, uint64_t upto);

#endif
