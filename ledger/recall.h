/* SPDX-License-Identifier: MIT */
/*
 * After a start, brings the idempotency keys of all entries up to a position from the database into
 * the filter (keys.h), in the background: the ledger serves meanwhile, and asks the database for
 * each key.
 */
#ifndef LEDGER_RECALL_H
#define LEDGER_RECALL_H

#include <stdint.h>

#include "ledger/keys.h"
#include "ledger/store.h"

struct recall;

/* Before the first claim. The store and the keys outlive it. NULL: memory is short. */
MUST_CHECK struct recall *recall_start(struct store *store, struct keys *keys, uint64_t upto);

/* Stop it, finished or not, and free it. May park; NULL is fine. */
void recall_stop(struct recall **recall);

#endif
