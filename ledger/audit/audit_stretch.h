/* SPDX-License-Identifier: MIT */
/*
 * A stretch of the journal as the database has it: some whole batches with all their rows, as
 * bytes, so that the chain of hashes can be computed over them. What both audits judge.
 */
#ifndef LEDGER_AUDIT_AUDIT_STRETCH_H
#define LEDGER_AUDIT_AUDIT_STRETCH_H

#include "ledger/domain/hash.h"
#include "ledger/db/pg.h"
#include "ledger/db/row.h"
#include "ledger/journal/store.h"

enum { AUDIT_STRETCH_BATCHES = 512, AUDIT_STRETCH_ENTRIES = 8192, AUDIT_STRETCH_POSTINGS = 32768 };

/* What is read of the journal; the first four are what the hash of a batch covers. */
enum audit_table {
    AUDIT_ACCOUNTS,
    AUDIT_ENTRIES,
    AUDIT_POSTINGS,
    AUDIT_HOLDS,
    AUDIT_HELD,
    AUDIT_WAYPOINTS,
    AUDIT_TABLES,
};

struct audit_rows {
    const char *types; /* for row_is_plain() */
    char *bytes;
    size_t size, room, at; /* at: where the next row begins */
};

struct audit_batch {
    uint64_t number, epoch, first_seq, last_seq;
    bool chained; /* it has a hash; those from before there was a chain have none */
    uint8_t hash[HASH_CHAIN];
};

struct audit_stretch {
    struct audit_batch batches[AUDIT_STRETCH_BATCHES];
    size_t count;
    uint64_t entries;
    bool full;
    struct audit_rows tables[AUDIT_TABLES];
};

/*
 * The batches after `after` that end at `upto` at the latest, with the rows of the tables up to
 * `last`; at most AUDIT_STRETCH_ENTRIES entries, and about AUDIT_STRETCH_POSTINGS postings besides
 * the first of each, unless one batch alone has more; none: count 0. What is committed never
 * changes, so it needs no snapshot if all up to `upto` is. A row with a value that no service
 * writes is left out: its batch's hash shows it. Parks.
 */
MUST_CHECK enum pg_status audit_stretch_read(struct context *context, struct pg *pg, int ledger,
    uint64_t after, uint64_t upto, enum audit_table last, struct audit_stretch *stretch);

/* Look at the next row of a table without taking it, and its position; false: there is none. */
bool audit_stretch_peek(
    struct audit_stretch *stretch, enum audit_table table, struct row *row, uint64_t *seq);
void audit_stretch_take(
    struct audit_stretch *stretch, enum audit_table table, const struct row *row);

/* The hash that the batch should have after `before`, from its rows: those that begin at the next
 * row of each table. */
void audit_stretch_hash(struct audit_stretch *stretch, const struct audit_batch *batch,
    const uint8_t before[HASH_CHAIN], uint8_t digest[HASH_CHAIN]);

void audit_stretch_free(struct audit_stretch *stretch);

#endif
