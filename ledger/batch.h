/* SPDX-License-Identifier: MIT */
/* A batch of entries in the form that the database takes: COPY rows of the three tables. */
#ifndef LEDGER_BATCH_H
#define LEDGER_BATCH_H

#include "ledger/copy.h"
#include "ledger/entry.h"
#include "ledger/store.h"

struct batch {
    struct copy accounts, entries, postings; /* buffers, reused from batch to batch */
};

/* Write the chain of entries (next_in_batch) as rows of the ledger. `out` points into the buffers.
 * False: memory is short; nothing is kept, the same may be tried again. Never parks. */
MUST_CHECK bool batch_encode(
    struct batch *batch, int ledger, const struct entry *first, struct store_batch *out);

void batch_free(struct batch *batch);

#endif
