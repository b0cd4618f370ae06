/* SPDX-License-Identifier: MIT */
#include "ledger/domain/asset.h"
#include "ledger/audit/audit_walk_private.h"
#include "ledger/memory/asset_intern.h"

static void open_account(struct audit_walk *w, const struct audit_entry *entry)
{
    uint64_t seq = entry->head.seq;
    const struct record_account *account = &entry->account;
    struct slot *slot =
        entry->rows[AUDIT_ACCOUNTS] > 0 ? audit_walk_slot(w, account->number) : NULL;
    if (!slot)
        return;

    audit_walk_touch(w, slot, seq);
    if (slot->opened || !entry->account_is_valid) {
        audit_note(w->report, seq, "opens an account that is open, or is not an account");
        return;
    }
    slot->asset = asset_intern(account->asset);
    slot->has_floor = account->has_floor;
    slot->floor = account->floor;
    slot->seq = slot->opened = slot->moved = seq;
}

/* One side of a posting. */
static void move(struct audit_walk *w, struct slot *slot, uint64_t seq, money change, money after,
    uint64_t previous)
{
    money balance;
    audit_walk_touch(w, slot, seq);
    if (slot->opened == 0 || slot->frozen || w->frozen)
        audit_note(w->report, seq, "moves money of account number %lu, which is %s",
            audit_walk_number(w, slot), slot->opened ? "frozen" : "not open");
    uint64_t before = slot->moved == seq ? slot->before : slot->moved;
    if (previous != before)
        audit_note(w->report, seq, "says that %lu moved account number %lu before, not %lu",
            previous, audit_walk_number(w, slot), before);
    if (!money_add(slot->balance, change, &balance) || balance != after)
        audit_note(w->report, seq, "the balance of account number %lu does not add up",
            audit_walk_number(w, slot));
    slot->before = before;
    slot->moved = slot->seq = seq;
    slot->balance = after;
}

/* The postings of an entry; the accounts that it takes from, for check_floors(). */
static size_t move_all(struct audit_walk *w, const struct audit_entry *entry)
{
    size_t lowered = 0;
    uint64_t seq = entry->head.seq;
    for (size_t leg = 0; leg < entry->rows[AUDIT_POSTINGS]; leg++) {
        const struct record_posting *says = &entry->postings[leg];
        struct slot *from = audit_walk_slot(w, says->from), *to = audit_walk_slot(w, says->to);

        /* Either side is followed only if this round follows its account. */
        if (from)
            move(w, from, seq, -says->amount, says->from_after, says->from_prev);
        if (to)
            move(w, to, seq, says->amount, says->to_after, says->to_prev);
        if (from && to && from->asset != to->asset)
            audit_note(w->report, seq, "posting %zu joins two assets", leg);
        if (from)
            w->lowered[lowered++] = from;
    }
    return lowered;
}

static void check_floors(struct audit_walk *w, uint64_t seq, size_t lowered)
{
    for (size_t i = 0; i < lowered; i++) {
        const struct slot *slot = w->lowered[i];
        if (slot->has_floor && slot->balance < slot->floor + slot->held)
            audit_note(w->report, seq, "takes account number %lu below its floor",
                audit_walk_number(w, slot));
    }
}

/* An entry about a hold changes what is held as the hold says. */
static struct slot *reserve(struct audit_walk *w, const struct audit_entry *entry)
{
    const struct audit_held *held = &entry->held;
    uint64_t seq = entry->head.seq;
    money after, change = entry->head.kind == ENTRY_HOLD ? held->amount : -held->amount;
    struct slot *slot = entry->rows[AUDIT_HELD] > 0 ? audit_walk_slot(w, held->account) : NULL;
    if (!slot)
        return NULL;

    /* Compare, and go on from what is written: one fault is one finding. */
    audit_walk_touch(w, slot, seq);
    if (slot->opened == 0 || !money_add(slot->held, change, &after) || after != held->after ||
        after < 0)
        audit_note(w->report, seq, "what account number %lu has held does not add up",
            audit_walk_number(w, slot));
    slot->held = held->after;
    slot->seq = seq;
    return slot;
}

static void hold(struct audit_walk *w, const struct audit_entry *entry)
{
    w->lowered[0] = reserve(w, entry);
    if (!w->lowered[0])
        return;
    if (w->lowered[0]->frozen || w->frozen)
        audit_note(w->report, entry->head.seq, "holds money of account number %lu, which is frozen",
            audit_walk_number(w, w->lowered[0]));
    check_floors(w, entry->head.seq, 1);
}

static void freeze(struct audit_walk *w, const struct record *head)
{
    bool frozen = head->kind == ENTRY_FREEZE;
    struct slot *slot = head->has_account ? audit_walk_slot(w, head->account) : NULL;
    bool *now = slot ? &slot->frozen : &w->frozen;
    if (head->has_account && !slot)
        return;
    if (slot) {
        audit_walk_touch(w, slot, head->seq);
        slot->seq = head->seq;
    } else {
        audit_walk_touch_all(w, head->seq);
        w->freeze_seq = head->seq;
    }
    if (*now == frozen || (slot && slot->opened == 0))
        audit_note(w->report, head->seq, "freezes what is frozen, or unfreezes what is not");
    *now = frozen;
}

void audit_walk_entry(struct audit_walk *w, const struct audit_entry *entry)
{
    uint64_t seq = entry->head.seq;
    size_t lowered;

    /* Held money counts against the floor: a capture frees it before floors are checked. */
    switch (entry->head.kind) {
    case ENTRY_ACCOUNT:
        open_account(w, entry);
        break;
    case ENTRY_TRANSFER:
    case ENTRY_REVERSAL:
        check_floors(w, seq, move_all(w, entry));
        break;
    case ENTRY_CAPTURE:
        lowered = move_all(w, entry);
        (void)reserve(w, entry);
        check_floors(w, seq, lowered);
        break;
    case ENTRY_HOLD:
        hold(w, entry);
        break;
    case ENTRY_RELEASE:
    case ENTRY_EXPIRY:
        (void)reserve(w, entry);
        break;
    case ENTRY_FREEZE:
    case ENTRY_UNFREEZE:
        freeze(w, &entry->head);
        break;
    case ENTRY_REJECTED:
    case ENTRY_BATCH:
        break;
    }
}
