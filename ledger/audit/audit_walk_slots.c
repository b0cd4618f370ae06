/* SPDX-License-Identifier: MIT */
/* The accounts that a walk follows, and what memory and the checkpoint claim about them. */
#include "ledger/audit/audit_walk_private.h"

struct slot *audit_walk_slot(struct audit_walk *w, uint64_t number)
{
    uint64_t index = number - w->first;
    if (index >= AUDIT_WALK_ACCOUNTS)
        return NULL;
    if (w->used <= index)
        w->used = index + 1;
    return &w->slots[index];
}

uint64_t audit_walk_number(const struct audit_walk *w, const struct slot *slot)
{
    return w->first + (uint64_t)(slot - w->slots);
}

static void compare_memory(struct audit_walk *w, const struct slot *slot)
{
    const struct audit_claim *claim = &slot->claim;
    if (slot->opened == 0 || slot->seq != claim->seq || slot->moved != claim->moved ||
        slot->balance != claim->balance || slot->held != claim->held ||
        slot->frozen != claim->frozen)
        audit_note(w->report, claim->seq, "memory differs from the journal for account number %lu",
            claim->number);
}

static void compare_kept(struct audit_walk *w, const struct slot *slot)
{
    bool has_moved = slot->opened && slot->moved > slot->opened;
    if (slot->kept != has_moved ||
        (has_moved && (slot->kept_moved != slot->moved || slot->kept_balance != slot->balance)))
        audit_note(w->report, has_moved ? slot->moved : w->checkpoint,
            "the balance table differs from the journal for account number %lu",
            audit_walk_number(w, slot));
    uint64_t last = slot->kept_stands > slot->moved ? slot->kept_stands : slot->moved;
    if (slot->kept_held != slot->held || slot->kept_frozen != slot->frozen || last != slot->seq ||
        slot->kept_torn)
        audit_note(w->report, slot->seq ? slot->seq : w->checkpoint,
            "the checkpoint is wrong about what is held or frozen of account number %lu",
            audit_walk_number(w, slot));
}

/* The entry `seq` is about to change the account. */
void audit_walk_touch(struct audit_walk *w, struct slot *slot, uint64_t seq)
{
    if (slot->claimed && seq > slot->claim.seq) {
        compare_memory(w, slot);
        slot->claimed = false;
    }
    if (!slot->kept_checked && seq > w->checkpoint) {
        compare_kept(w, slot);
        slot->kept_checked = true;
    }
}

void audit_walk_touch_all(struct audit_walk *w, uint64_t seq)
{
    if (w->kept_checked || seq <= w->checkpoint)
        return;
    w->kept_checked = true;
    if (w->kept_frozen != w->frozen || w->kept_freeze_seq != w->freeze_seq)
        audit_note(w->report, w->freeze_seq ? w->freeze_seq : w->checkpoint,
            "the checkpoint is wrong about the freezing of the whole ledger");
}
