/* SPDX-License-Identifier: MIT */
/*
 * An entry, judged as it was when it was decided: on accounts that are as the entries before left
 * them, by rules.h. What it has written beside itself must be what comes out; the replay goes on
 * from what is written.
 */
#include "ledger/audit/audit_replay_private.h"
#include "ledger/domain/rules.h"
#include "ledger/memory/account_table.h"

static struct account *account_of(struct audit_replay *r, uint64_t number)
{
    return account_by_number(r->accounts, number);
}

/* ---- accounts ------------------------------------------------------------------------------ */

static void open_account(struct audit_replay *r, const struct audit_entry *entry)
{
    uint64_t seq = entry->head.seq;
    bool taken = false;
    if (entry->rows[AUDIT_ACCOUNTS] == 0)
        return;

    /* It must be a valid account that is not there yet, and the one that the entry names. */
    bool named = entry->head.has_account && entry->head.account == entry->account.number;
    struct account *account = NULL;
    if (named && entry->account_is_valid)
        account = record_open_account(&entry->account, r->accounts, &taken);
    if (!named || !entry->account_is_valid || taken)
        audit_note(r->report, seq, "opens an account that is open, or is not an account");
    else if (!account)
        r->short_of_memory = true;
    else
        r->report->accounts++;
}

static void freeze(struct audit_replay *r, const struct record *head)
{
    bool frozen = head->kind == ENTRY_FREEZE;
    struct account *account = NULL;
    bool *now = &r->frozen;
    if (head->has_account) {
        if (!(account = account_of(r, head->account))) {
            audit_note(r->report, head->seq, "freezes an account that is not open");
            return;
        }
        now = &account->frozen;
        account->seq = head->seq;
    } else {
        r->freeze_seq = head->seq;
    }
    if (*now == frozen)
        audit_note(r->report, head->seq, "freezes what is frozen, or unfreezes what is not");
    *now = frozen;
}

/* ---- movements ----------------------------------------------------------------------------- */

/* Make the postings of an entry ready for the rules; 0: there is none, or one that cannot be
 * carried out. */
static size_t prepare_postings(struct audit_replay *r, const struct audit_entry *entry)
{
    size_t count = entry->rows[AUDIT_POSTINGS];
    for (size_t i = 0; i < count; i++) {
        const struct record_posting *says = &entry->postings[i];
        r->postings[i] = (struct posting){.from = account_of(r, says->from),
            .to = account_of(r, says->to),
            .amount = says->amount};
        if (!r->postings[i].from || !r->postings[i].to) {
            audit_note(
                r->report, entry->head.seq, "posting %zu names an account that is not open", i);
            return 0;
        }
    }
    return count;
}

/* Compare what the rules make of the postings with what their rows say; continue from the rows. */
static void carry_out(struct audit_replay *r, const struct audit_entry *entry, size_t count)
{
    uint64_t seq = entry->head.seq;
    rules_link(r->postings, count);
    for (size_t i = 0; i < count; i++) {
        struct posting *posting = &r->postings[i];
        const struct record_posting *says = &entry->postings[i];
        if (posting->from_after != says->from_after || posting->to_after != says->to_after)
            audit_note(r->report, seq, "posting %zu: a balance does not add up", i);
        if (posting->from_prev != says->from_prev || posting->to_prev != says->to_prev)
            audit_note(r->report, seq, "posting %zu: follows %lu and %lu, not %lu and %lu", i,
                posting->from_prev, posting->to_prev, says->from_prev, says->to_prev);
        posting->from_after = says->from_after;
        posting->to_after = says->to_after;
    }
    rules_apply(r->postings, count, seq);
}

static void note_refusal(
    struct audit_replay *r, uint64_t seq, enum ledger_status status, const struct account *broken)
{
    if (status != LEDGER_OK)
        audit_note(r->report, seq, "breaks the rule %s%s%s", status_name(status),
            broken ? " of account " : "", broken ? broken->id : "");
}

static void move(struct audit_replay *r, const struct audit_entry *entry)
{
    struct account *broken = NULL;
    size_t count = prepare_postings(r, entry);
    rules_begin(r->postings, count);
    if (count > 0)
        note_refusal(
            r, entry->head.seq, rules_decide(r->postings, count, r->frozen, &broken), broken);
    carry_out(r, entry, count);
}

/* ---- holds --------------------------------------------------------------------------------- */

static void check_held(
    struct audit_replay *r, const struct audit_entry *entry, const struct account *account)
{
    const struct audit_held *held = &entry->held;
    if (entry->rows[AUDIT_HELD] > 0 &&
        (account_of(r, held->account) != account || held->after != account->held))
        audit_note(
            r->report, entry->head.seq, "what account %s has held does not add up", account->id);
}

static void hold(struct audit_replay *r, const struct audit_entry *entry)
{
    const struct record_hold *says = &entry->hold;
    struct account *broken = NULL;
    money held;
    uint64_t seq = entry->head.seq;
    r->report->holds++;
    if (entry->rows[AUDIT_HOLDS] == 0)
        return;
    struct posting posting = {
        .from = account_of(r, says->from), .to = account_of(r, says->to), .amount = says->amount};
    if (!posting.from || !posting.to) {
        audit_note(r->report, seq, "the hold names an account that is not open");
        return;
    }

    /* Judge by the rules, and carry it out all the same: one fault is one finding. */
    note_refusal(r, seq, rules_decide_hold(&posting, r->frozen, &broken), broken);
    struct hold *room = hold_table_room(r->holds);
    if (!room)
        r->short_of_memory = true;
    if (!room || !money_add(posting.from->held, posting.amount, &held))
        return;
    *room = (struct hold){.seq = seq,
        .from = posting.from,
        .to = posting.to,
        .amount = posting.amount,
        .expires_us = says->expires_us};
    hold_table_add(r->holds, room);
    rules_reserve(posting.from, posting.amount, seq);
    check_held(r, entry, posting.from);
}

/* A capture moves what its hold allows. */
static void capture(
    struct audit_replay *r, const struct audit_entry *entry, const struct hold *hold)
{
    struct account *broken = NULL;
    uint64_t seq = entry->head.seq;
    size_t count = prepare_postings(r, entry);
    if (count != 1 || r->postings[0].from != hold->from || r->postings[0].to != hold->to) {
        audit_note(r->report, seq, "captures something other than the hold %lu", hold->seq);
        rules_begin(r->postings, count);
    } else {
        note_refusal(r, seq,
            rules_decide_capture(&r->postings[0], hold->amount, r->frozen, &broken), broken);
    }
    carry_out(r, entry, count);
}

static void settle(struct audit_replay *r, const struct audit_entry *entry)
{
    const struct record *head = &entry->head;
    struct hold hold;
    if (!hold_table_find(r->holds, head->ref, &hold) || hold.settled) {
        audit_note(r->report, head->seq, "settles %lu, which is not an open hold", head->ref);
        if (head->kind == ENTRY_CAPTURE)
            move(r, entry);
        return;
    }

    /* An expiry is at the hold's end or later, a capture before it. */
    bool due = hold.expires_us && head->at_us >= hold.expires_us;
    if ((head->kind == ENTRY_EXPIRY && !due) || (head->kind == ENTRY_CAPTURE && due))
        audit_note(r->report, head->seq, "the hold %lu %s at that time", head->ref,
            due ? "had expired" : "had not expired");
    if (head->kind == ENTRY_CAPTURE)
        capture(r, entry, &hold);
    rules_reserve(hold.from, -hold.amount, head->seq);
    hold_table_settle(r->holds, head->ref, head->seq, head->seq);
    check_held(r, entry, hold.from);
}

/* ---- entries ------------------------------------------------------------------------------- */

static void check_waypoints(struct audit_replay *r, const struct audit_entry *entry)
{
    uint64_t seq = entry->head.seq;
    for (size_t i = 0; i < entry->rows[AUDIT_WAYPOINTS]; i++) {
        const struct account *account = account_of(r, entry->waypoints[i]);
        if (!account || account->moved != seq || account->opened == seq)
            audit_note(r->report, seq, "a waypoint of an account that it does not move");
    }
}

void audit_replay_entry(struct audit_replay *r, const struct audit_entry *entry)
{
    switch (entry->head.kind) {
    case ENTRY_ACCOUNT:
        open_account(r, entry);
        break;
    case ENTRY_TRANSFER:
    case ENTRY_REVERSAL:
        move(r, entry);
        break;
    case ENTRY_REJECTED:
    case ENTRY_BATCH:
        break;
    case ENTRY_HOLD:
        hold(r, entry);
        break;
    case ENTRY_CAPTURE:
    case ENTRY_RELEASE:
    case ENTRY_EXPIRY:
        settle(r, entry);
        break;
    case ENTRY_FREEZE:
    case ENTRY_UNFREEZE:
        freeze(r, &entry->head);
        break;
    }
    check_waypoints(r, entry);
}
