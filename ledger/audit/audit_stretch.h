/* SPDX-License-Identifier: MIT */
/*
 * A stretch of the journal as the database has it: some whole batches with all their rows, as
 * bytes, so that the chain of hashes can be computed over them, and decoded, entry by entry. It
 * judges nothing: that is what audit_trail.h and the two audits do.
 */
#ifndef LEDGER_AUDIT_AUDIT_STRETCH_H
#define LEDGER_AUDIT_AUDIT_STRETCH_H

#include "ledger/db/pg.h"
#include "ledger/db/row.h"
#include "ledger/domain/hash.h"
#include "ledger/journal/record.h"

enum { AUDIT_STRETCH_BATCHES = 512, AUDIT_STRETCH_ENTRIES = 8192, AUDIT_STRETCH_POSTINGS = 32768 };

/* What is read of the journal; the first four are what the hash of a batch covers. */
enum audit_table {
    AUDIT_ACCOUNTS,
    AUDIT_ENTRIES,
    AUDIT_POSTINGS,
    AUDIT_HOLDS,
    AUDIT_HELD, /* one row for each entry about a hold, with that hold */
    AUDIT_WAYPOINTS,
    AUDIT_TABLES,
};

/* The rows of a table, in the order of their positions. */
struct audit_rows {
    char *bytes;
    size_t size, room, at; /* at: where the next row begins */
    struct row next;       /* that one, once it was looked at; size 0: it was not */
};

struct audit_batch {
    uint64_t number, epoch, first_seq, last_seq;
    bool chained; /* it has a hash; those from before there was a chain have none */
    uint8_t hash[HASH_CHAIN];
};

/* An entry about a hold: the hold's terms, and what its account has held after it. */
struct audit_held {
    uint64_t account;
    money amount, after;
    bool has_hold, has_after; /* false: the journal does not have it */
};

/* An entry with all rows that are its own, as far as there is room for them. */
struct audit_entry {
    struct record head;
    size_t rows[AUDIT_TABLES];     /* how many it has of each; what is below is of the first */
    struct record_account account; /* if it has one, */
    bool account_is_valid;         /* and nothing in it could not have been written */
    bool account_has_metadata;
    struct record_hold hold;
    struct audit_held held;
    struct record_posting postings[ENTRY_POSTINGS_MAX];
    uint64_t waypoints[2 * ENTRY_POSTINGS_MAX]; /* the accounts that it is one of */
};

struct audit_stretch {
    struct audit_batch batches[AUDIT_STRETCH_BATCHES];
    size_t count;
    uint64_t entries;
    bool full;
    struct audit_rows tables[AUDIT_TABLES];
    struct audit_entry entry;
};

/* What to read: the batches after a number that end at a position at the latest. */
struct audit_stretch_query {
    int ledger;
    uint64_t after, upto;
    enum audit_table last; /* of the tables, in their order; the later ones stay empty */
};

/*
 * At most AUDIT_STRETCH_ENTRIES entries, and about AUDIT_STRETCH_POSTINGS postings besides the
 * first of each, unless one batch alone has more; none: count 0. What is committed never changes,
 * so it needs no snapshot if all up to `upto` is. A row with a value that no service writes is left
 * out: its batch's hash shows it. Parks.
 */
CO_MUST_CHECK enum pg_status audit_stretch_read(struct co_context *context, struct pg *pg,
    const struct audit_stretch_query *query, struct audit_stretch *stretch);

/* Take the next entry up to a position, with its rows; it is valid until the next call. NULL: there
 * is none. */
struct audit_entry *audit_stretch_entry(struct audit_stretch *stretch, uint64_t upto);

/* The position of the next row of a table, and to take it without looking at it; UINT64_MAX: there
 * is none. */
uint64_t audit_stretch_seq(struct audit_stretch *stretch, enum audit_table table);
void audit_stretch_skip(struct audit_stretch *stretch, enum audit_table table);

/* The hash that the batch should have after `before`, from its rows: those that begin at the next
 * row of each table. */
void audit_stretch_hash(struct audit_stretch *stretch, const struct audit_batch *batch,
    const uint8_t before[HASH_CHAIN], uint8_t digest[HASH_CHAIN]);

/* Give the memory of its rows back; the next stretch may be read into it. */
void audit_stretch_free(struct audit_stretch *stretch);

#endif
