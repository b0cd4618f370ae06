/* SPDX-License-Identifier: MIT */
/*
 * A batch of entries in the form that the database takes: COPY rows of each table, and the hash
 * that chains the batch to the one before. The hash is BLAKE2b-256 over that one's hash (zeros: it
 * has none), then for account, entry, posting and hold the length of the batch's rows (8 bytes,
 * little-endian) and the rows, as binary COPY has them. It covers what a batch says, not how that
 * is laid out: an entry without its posting or hold, and all postings and holds as the views of
 * those names have them.
 */
#ifndef LEDGER_JOURNAL_BATCH_H
#define LEDGER_JOURNAL_BATCH_H

#include "ledger/db/copy.h"
#include "ledger/domain/entry.h"
#include "ledger/domain/hash.h"
#include "ledger/journal/store.h"

struct batch { /* buffers, reused from batch to batch */
    struct copy tables[STORE_TABLES];
    struct copy entries, postings, holds; /* as the chain has them */
};

/* Write the chain of entries (next_in_batch) as rows of the ledger. `before` is the hash of the
 * batch before; `out` points into the buffers.
 * False: memory is short; nothing is kept, the same may be tried again. Yields now and then. */
CO_MUST_CHECK bool batch_encode(struct batch *batch, int ledger, const struct entry *first,
    const uint8_t before[HASH_CHAIN], struct store_batch *out);

void batch_free(struct batch *batch);

#endif
