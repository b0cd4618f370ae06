/* SPDX-License-Identifier: MIT */
/*
 * What the rows of the journal say, decoded in one place for all who read them: a start, reads and
 * exports, both audits. The mirror of batch.h. Rows have the columns of tables.h; accounts are
 * known by their numbers here, and texts point into the row.
 *
 * Somebody may have altered the rows. A value that could not have been written is read as 0, and
 * *row->wrong tells; whoever goes on after such a row asks row_is_plain() first. Nothing here
 * parks.
 */
#ifndef LEDGER_JOURNAL_RECORD_H
#define LEDGER_JOURNAL_RECORD_H

#include "ledger/db/row.h"
#include "ledger/domain/account.h"
#include "ledger/domain/entry.h"
#include "ledger/memory/segment.h"

struct account_table;

struct record_text { /* of a row, not terminated; NULL: null */
    const char *bytes;
    size_t size;
};

/* An entry without its postings: a row that begins as TABLES_ENTRY_HEAD does. */
struct record {
    uint64_t seq;
    int64_t at_us;
    enum entry_kind kind; /* any number: entry_is_whole() knows those that there are */
    struct record_text key, fingerprint, code, metadata;
    bool has_account, has_available;
    uint64_t account;
    money available;
    uint64_t ref; /* 0: none */
};
void record_read(struct record *record, const struct row *row);

/* Its reason (ENTRY_REJECTED): LEDGER_OK if it has none; LEDGER_STATUS_COUNT: there is no such. */
enum ledger_status record_code(const struct record *record);

struct record_posting {
    int leg; /* from 0 */
    uint64_t from, to;
    money amount, from_after, to_after;
    uint64_t from_prev, to_prev;
};
/* A row as TABLES_POSTING. */
void record_read_posting(struct record_posting *posting, const struct row *row);
/* Parts of one, which begin at a column: TABLES_TERMS, TABLES_AFTER, TABLES_BEFORE. */
void record_read_terms(struct record_posting *posting, const struct row *row, unsigned column);
void record_read_after(struct record_posting *posting, const struct row *row, unsigned column);
void record_read_before(struct record_posting *posting, const struct row *row, unsigned column);

/* A row as TABLES_HOLD: what it reserves, and until when (0: it does not expire). */
struct record_hold {
    uint64_t seq, from, to;
    money amount;
    int64_t expires_us;
};
void record_read_hold(struct record_hold *hold, const struct row *row);

/* An account as it was opened: TABLES_OPENING, which begins at a column, and its number. */
struct record_account {
    uint64_t number, opened;
    char id[ACCOUNT_ID_MAX + 1], asset[ASSET_TEXT];
    bool has_floor;
    money floor;
};
/* False: no account can have been opened by that id, or with that asset. */
CO_MUST_CHECK bool record_read_account(
    struct record_account *account, uint64_t number, const struct row *row, unsigned column);

/* Put it into the table. NULL: its id or number is taken (*taken), or memory is short. */
CO_MUST_CHECK struct account *record_open_account(
    const struct record_account *account, struct account_table *accounts, bool *taken);

/* A row that begins as TABLES_SEGMENT_HEAD does: a segment without its bytes. One with a digest of
 * another size gets zeros, and so is not whole. False: its numbers are none, and it is all zeros.
 */
CO_MUST_CHECK bool record_read_segment(struct segment *segment, const struct row *row);

#endif
