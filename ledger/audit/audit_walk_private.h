/* SPDX-License-Identifier: MIT */
/* What a walk is made of: for the files of audit_walk.h only. */
#ifndef LEDGER_AUDIT_AUDIT_WALK_PRIVATE_H
#define LEDGER_AUDIT_AUDIT_WALK_PRIVATE_H

#include "ledger/audit/audit_trail.h"
#include "ledger/audit/audit_walk.h"
#include "ledger/domain/entry.h"

struct slot {
    money balance, held, floor;
    const char *asset;    /* of asset_intern(); NULL if memory was short */
    uint64_t seq, opened; /* the last entry that touched it; the one that opened it, 0: none has */
    uint64_t moved;       /* the last one that moved its money, or that opened it */
    uint64_t before;      /* the same, before that one */
    bool has_floor, frozen;
    bool claimed, kept_checked; /* memory's claim is pending; the checkpoint's is settled */
    bool kept;                  /* the balance table has the account */
    bool kept_frozen;
    bool kept_torn;                   /* its open holds differ from what it has held, or as made */
    uint64_t kept_moved, kept_stands; /* stands: the last entry about a hold or a freeze of it */
    money kept_balance, kept_held;
    struct audit_claim claim;
};

struct audit_walk {
    uint64_t first, checkpoint;
    size_t used; /* slots; all behind them are as calloc() made them */
    struct audit_anchor anchor;
    struct audit_trail trail;
    struct audit_report *report;
    bool frozen;
    uint64_t freeze_seq; /* the last entry that froze or unfroze the whole ledger */
    bool kept_frozen, kept_checked;
    uint64_t kept_freeze_seq;
    struct slot *lowered[ENTRY_POSTINGS_MAX]; /* accounts that the entry takes from */
    struct slot slots[AUDIT_WALK_ACCOUNTS];
};

/* The slot of the account of that number; NULL: the walk does not follow it. */
struct slot *audit_walk_slot(struct audit_walk *walk, uint64_t number);
uint64_t audit_walk_number(const struct audit_walk *walk, const struct slot *slot);

/* The entry `seq` is about to change the account: compare the claims that are about it until then.
 */
void audit_walk_touch(struct audit_walk *walk, struct slot *slot, uint64_t seq);

/* The same of the whole ledger, which the entry `seq` is about to freeze or unfreeze. */
void audit_walk_touch_all(struct audit_walk *walk, uint64_t seq);

/* Check an entry, as far as it is about accounts that the walk follows. */
void audit_walk_entry(struct audit_walk *walk, const struct audit_entry *entry);

#endif
