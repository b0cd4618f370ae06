/* SPDX-License-Identifier: MIT */
/* What a replay is made of: for the files of the audit only. */
#ifndef LEDGER_AUDIT_AUDIT_REPLAY_PRIVATE_H
#define LEDGER_AUDIT_AUDIT_REPLAY_PRIVATE_H

#include "ledger/audit/audit_replay.h"
#include "ledger/audit/audit_stretch.h"
#include "ledger/audit/audit_keys.h"
#include "ledger/domain/entry.h"
#include "ledger/memory/hold_table.h"

struct account_table;

/* What the row of a posting says of its effect. */
struct told {
    money from_after, to_after;
    uint64_t from_prev, to_prev;
};

struct audit_replay {
    struct context *context;
    struct pg *pg;
    int ledger;
    struct account_table *accounts;
    struct hold_table *holds;
    struct audit_progress *progress; /* NULL: it is not watched */
    struct audit_report *report;
    struct audit_stretch stretch;
    struct audit_keys *keys;
    uint64_t seq, batch, epoch, writer_batch, checkpoint, compared;
    uint64_t froze; /* the last entry that froze or unfroze the whole ledger */
    int64_t at_us;
    bool frozen, chained, short_of_memory;
    uint8_t hash[HASH_CHAIN];
    struct posting postings[ENTRY_POSTINGS_MAX];
    struct told told[ENTRY_POSTINGS_MAX];
};

/* Replay one entry, with the rows of other tables that belong to it. */
void audit_replay_entry(struct audit_replay *replay, const struct row *row);

/* The next row of a table that belongs to the entry `seq`; rows before it belong to none, and are
 * findings. */
bool audit_replay_row(
    struct audit_replay *replay, enum audit_table table, uint64_t seq, struct row *row);

/* Compare what the checkpoint says with the replay, which is at its position. */
enum pg_status audit_replay_checkpoint(struct audit_replay *replay);

#endif
