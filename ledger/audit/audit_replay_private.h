/* SPDX-License-Identifier: MIT */
/* What a replay is made of: for the files of the replay only. */
#ifndef LEDGER_AUDIT_AUDIT_REPLAY_PRIVATE_H
#define LEDGER_AUDIT_AUDIT_REPLAY_PRIVATE_H

#include "ledger/audit/audit_replay.h"
#include "ledger/audit/audit_trail.h"
#include "ledger/domain/entry.h"
#include "ledger/memory/hold_table.h"

struct account_table;

struct audit_replay {
    struct co_context *context;
    struct pg *pg;
    struct account_table *accounts;
    struct hold_table *holds;
    struct audit_progress *progress; /* NULL: it is not watched */
    struct audit_report *report;
    struct audit_trail trail;
    uint64_t last_batch, checkpoint; /* what there must be: known before the first entry */
    uint64_t compared;               /* rows of a part of the checkpoint */
    uint64_t freeze_seq;             /* the last entry that froze or unfroze the whole ledger */
    bool frozen, short_of_memory;
    struct posting postings[ENTRY_POSTINGS_MAX]; /* of the entry that is replayed */
};

/* Replay one entry: it is judged by the rules, and then carried out as it is written. */
void audit_replay_entry(struct audit_replay *replay, const struct audit_entry *entry);

/* Compare what the checkpoint says with the replay, which is at its position. */
enum pg_status audit_replay_checkpoint(struct audit_replay *replay);

#endif
