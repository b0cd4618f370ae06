/* SPDX-License-Identifier: MIT */
#include "ledger/domain/asset.h"
#include "ledger/audit/audit_walk_private.h"
#include "ledger/memory/asset_intern.h"

/* The next row of a table, if it belongs to the entry `seq`. A row of an earlier entry belongs to
 * none. */
static bool next_row(struct audit_walk *w, enum audit_table table, uint64_t seq, struct row *row)
{
    uint64_t of;
    while (audit_stretch_peek(&w->stretch, table, row, &of) && of <= seq) {
        audit_stretch_take(&w->stretch, table, row);
        if (of == seq)
            return true;
        audit_note(w->report, of, "has a row that no entry of its kind has");
    }
    return false;
}

static void open_account(struct audit_walk *w, uint64_t seq)
{
    enum { NUMBER = 1, ASSET = 3, FLOOR };
    char asset[ASSET_TEXT];
    struct row row;
    if (!next_row(w, AUDIT_ACCOUNTS, seq, &row)) {
        audit_note(w->report, seq, "the account that it opened is missing");
        return;
    }
    struct slot *slot = audit_walk_slot(w, row_bigint(&row, NUMBER));
    if (!slot)
        return;

    audit_walk_touch(w, slot, seq);
    if (slot->opened || !row_text(&row, ASSET, asset, sizeof asset) || !asset_is_valid(asset)) {
        audit_note(w->report, seq, "opens account number %lu again, or without an asset",
            audit_walk_number(w, slot));
        return;
    }
    slot->asset = asset_intern(asset);
    slot->has_floor = !row_is_null(&row, FLOOR);
    slot->floor = slot->has_floor ? row_money(&row, FLOOR) : 0;
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
static size_t move_all(struct audit_walk *w, uint64_t seq)
{
    enum { LEG = 2, FROM, TO, AMOUNT, FROM_AFTER, TO_AFTER, FROM_PREV, TO_PREV };
    size_t lowered = 0;
    int legs = 0;
    struct row row;
    for (; next_row(w, AUDIT_POSTINGS, seq, &row); legs++) {
        struct slot *from = audit_walk_slot(w, row_bigint(&row, FROM));
        struct slot *to = audit_walk_slot(w, row_bigint(&row, TO));
        money amount = row_money(&row, AMOUNT);
        /* Legs are numbered from 0 without a gap. */
        if (row_smallint(&row, LEG) != legs || legs == ENTRY_POSTINGS_MAX) {
            audit_note(w->report, seq, "posting %d is missing, or one too many", legs);
            return 0;
        }

        /* Either side is followed only if this round follows its account. */
        if (from)
            move(w, from, seq, -amount, row_money(&row, FROM_AFTER), row_bigint(&row, FROM_PREV));
        if (to)
            move(w, to, seq, amount, row_money(&row, TO_AFTER), row_bigint(&row, TO_PREV));
        if (from && to && from->asset != to->asset)
            audit_note(w->report, seq, "posting %d joins two assets", legs);
        if (from)
            w->lowered[lowered++] = from;
    }
    if (legs == 0)
        audit_note(w->report, seq, "its postings are missing");
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
static struct slot *reserve(struct audit_walk *w, uint64_t seq)
{
    const struct held *held = &w->held[w->held_at];
    money after;
    if (w->held_at == w->held_count || held->seq != seq || !held->whole) {
        audit_note(w->report, seq, "the hold, or what is held then, is missing");
        return NULL;
    }

    /* Compare, and go on from what is written: one fault is one finding. */
    w->held_at++;
    struct slot *slot = audit_walk_slot(w, held->account);
    if (!slot)
        return NULL;
    audit_walk_touch(w, slot, seq);
    if (slot->opened == 0 || !money_add(slot->held, held->change, &after) || after != held->after ||
        after < 0)
        audit_note(w->report, seq, "what account number %lu has held does not add up",
            audit_walk_number(w, slot));
    slot->held = held->after;
    slot->seq = seq;
    return slot;
}

static void hold(struct audit_walk *w, uint64_t seq)
{
    struct row row;
    if (!next_row(w, AUDIT_HOLDS, seq, &row))
        audit_note(w->report, seq, "the hold is missing");
    w->lowered[0] = reserve(w, seq);
    if (!w->lowered[0])
        return;
    if (w->lowered[0]->frozen || w->frozen)
        audit_note(w->report, seq, "holds money of account number %lu, which is frozen",
            audit_walk_number(w, w->lowered[0]));
    check_floors(w, seq, 1);
}

static void freeze(struct audit_walk *w, uint64_t seq, const struct row *entry, bool frozen)
{
    enum { ACCOUNT = 6 };
    bool whole_ledger = row_is_null(entry, ACCOUNT);
    struct slot *slot = whole_ledger ? NULL : audit_walk_slot(w, row_bigint(entry, ACCOUNT));
    bool *now = slot ? &slot->frozen : &w->frozen;
    if (!whole_ledger && !slot)
        return;
    if (slot) {
        audit_walk_touch(w, slot, seq);
        slot->seq = seq;
    } else {
        audit_walk_touch_all(w, seq);
        w->froze = seq;
    }
    if (*now == frozen || (slot && slot->opened == 0))
        audit_note(w->report, seq, "freezes what is frozen, or unfreezes what is not");
    *now = frozen;
}

static void check_kind(struct audit_walk *w, uint64_t seq, const struct row *row)
{
    enum { KIND = 3 };
    enum entry_kind kind = (enum entry_kind)row_smallint(row, KIND);
    size_t lowered;

    /* Held money counts against the floor: a capture frees it before floors are checked. */
    switch (kind) {
    case ENTRY_ACCOUNT:
        open_account(w, seq);
        break;
    case ENTRY_TRANSFER:
    case ENTRY_REVERSAL:
        check_floors(w, seq, move_all(w, seq));
        break;
    case ENTRY_CAPTURE:
        lowered = move_all(w, seq);
        (void)reserve(w, seq);
        check_floors(w, seq, lowered);
        break;
    case ENTRY_HOLD:
        hold(w, seq);
        break;
    case ENTRY_RELEASE:
    case ENTRY_EXPIRY:
        (void)reserve(w, seq);
        break;
    case ENTRY_FREEZE:
    case ENTRY_UNFREEZE:
        freeze(w, seq, row, kind == ENTRY_FREEZE);
        break;
    case ENTRY_REJECTED:
    case ENTRY_BATCH:
        break;
    }
}

void audit_walk_entry(struct audit_walk *w, const struct row *row)
{
    enum { SEQ = 1, AT, KEY = 4 };
    uint64_t seq = row_bigint(row, SEQ);
    int64_t at_us = row_time(row, AT);
    size_t length;
    const char *key = row_bytes(row, KEY, &length);
    audit_keys_add(w->keys, w->report, seq, key, length);
    if (seq != w->seq + 1)
        audit_note(w->report, w->seq + 1, "is missing; %lu comes next", seq);
    if (w->seq > 0 && at_us <= w->at_us)
        audit_note(w->report, seq, "its time is not after that of the entry before");
    w->seq = seq;
    w->at_us = at_us;
    check_kind(w, seq, row);
}
