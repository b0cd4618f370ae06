/* SPDX-License-Identifier: MIT */
/*
 * Batches of entries in the form that the database takes: COPY rows of each table, and the hash
 * that chains each batch to the one of its ledger before. The hash is BLAKE2b-256 over that one's
 * hash (zeros: it has none), then for account, entry, posting and hold the length of the batch's
 * rows (8 bytes, little-endian) and the rows, as binary COPY has them. It covers what a batch says,
 * not how that is laid out: an entry without its posting or hold, and all postings and holds as the
 * views of those names have them.
 */
#ifndef LEDGER_JOURNAL_BATCH_H
#define LEDGER_JOURNAL_BATCH_H

#include "ledger/db/copy.h"
#include "ledger/db/pg.h"
#include "ledger/domain/entry.h"
#include "ledger/domain/hash.h"

/* The tables that a batch brings rows for. An entry's first posting, or the hold that it makes,
 * goes into its own row. */
enum batch_table {
    BATCH_ACCOUNTS,
    BATCH_ENTRIES,
    BATCH_POSTINGS,
    BATCH_HELD,
    BATCH_WAYPOINTS,
    BATCH_TABLES,
};

/* What of one ledger is written in one go: its next batch. */
struct batch {
    int ledger;
    uint64_t epoch, number;
    struct entry *first;        /* the chain of them (next_in_batch) */
    uint8_t before[HASH_CHAIN]; /* of the batch before */
    /* once it has been encoded */
    uint64_t first_seq, last_seq;
    uint8_t hash[HASH_CHAIN];
};

/* Rows of one batch or several; buffers that are reused. All zero is ready for use. */
struct batch_rows {
    struct copy tables[BATCH_TABLES];
    struct copy entries, postings, holds; /* of one batch, as the chain has them */
    uint32_t encoded;                     /* postings since others could run */
    size_t hashed;                        /* bytes, the same */
};

/* Make the rows of all these batches, one after the other, and their hashes; the same batch gives
 * the same rows each time. `tables` points into the buffers; a table without rows has size 0.
 * False: memory is short; nothing is kept, the same may be tried again. Yields now and then. */
CO_MUST_CHECK bool batch_encode(struct batch_rows *rows, struct batch *const *batches, size_t count,
    struct pg_data tables[BATCH_TABLES]);

void batch_rows_free(struct batch_rows *rows);

#endif
