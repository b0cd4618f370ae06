/* SPDX-License-Identifier: MIT */
/*
 * Every row of a stretch is taken by the entry that it belongs to; what has not been taken when the
 * next entry comes belongs to none, and is a finding.
 */
#include <string.h>

#include "ledger/domain/asset.h"
#include "ledger/audit/audit_replay_private.h"
#include "ledger/domain/rules.h"
#include "ledger/memory/account_table.h"
#include "ledger/memory/asset_intern.h"

/* ---- rows ---------------------------------------------------------------------------------- */

bool audit_replay_row(struct audit_replay *r, enum audit_table table, uint64_t seq, struct row *row)
{
    static const char *const names[AUDIT_TABLES] = {[AUDIT_ACCOUNTS] = "account",
        [AUDIT_ENTRIES] = "entry",
        [AUDIT_POSTINGS] = "posting",
        [AUDIT_HOLDS] = "hold",
        [AUDIT_HELD] = "held",
        [AUDIT_WAYPOINTS] = "waypoint"};
    uint64_t of;
    while (audit_stretch_peek(&r->stretch, table, row, &of) && of <= seq) {
        audit_stretch_take(&r->stretch, table, row);
        if (of == seq)
            return true;
        audit_note(r->report, of, "a row in table %s that belongs to no entry", names[table]);
    }
    return false;
}

static struct account *account_of(struct audit_replay *r, const struct row *row, unsigned column)
{
    return account_by_number(r->accounts, row_bigint(row, column));
}

/* ---- accounts ------------------------------------------------------------------------------ */

static void open_account(struct audit_replay *r, uint64_t seq, const struct row *entry)
{
    enum { NUMBER = 1, ID, ASSET, FLOOR, OF_ENTRY = 6 };
    char id[ACCOUNT_ID_MAX + 1], asset[ASSET_TEXT];
    struct row row;
    if (!audit_replay_row(r, AUDIT_ACCOUNTS, seq, &row)) {
        audit_note(r->report, seq, "the account that it opened is missing");
        return;
    }

    /* It must be a valid account that is not there yet, and the one that the entry names. */
    uint64_t number = row_bigint(&row, NUMBER);
    if (row_is_null(entry, OF_ENTRY) || row_bigint(entry, OF_ENTRY) != number ||
        !row_text(&row, ID, id, sizeof id) || !account_id_is_valid(id) ||
        !row_text(&row, ASSET, asset, sizeof asset) || !asset_is_valid(asset) ||
        account_find(r->accounts, id) || account_by_number(r->accounts, number)) {
        audit_note(r->report, seq, "opens an account that is open, or is not an account");
        return;
    }

    /* Open it, as its row says. */
    struct account *account = account_find_or_add(r->accounts, id);
    const char *interned = asset_intern(asset);
    if (!account || !interned || !account_renumber(r->accounts, account, number)) {
        r->short_of_memory = true;
        return;
    }
    account->asset = interned;
    account->has_floor = !row_is_null(&row, FLOOR);
    account->floor = account->has_floor ? row_money(&row, FLOOR) : 0;
    account->opened = account->seq = account->moved = seq;
    r->report->accounts++;
}

static void freeze(struct audit_replay *r, uint64_t seq, const struct row *entry, bool frozen)
{
    enum { OF_ENTRY = 6 };
    struct account *account = NULL;
    bool *now = &r->frozen;
    if (!row_is_null(entry, OF_ENTRY)) {
        if (!(account = account_of(r, entry, OF_ENTRY))) {
            audit_note(r->report, seq, "freezes an account that is not open");
            return;
        }
        now = &account->frozen;
        account->seq = seq;
    } else {
        r->froze = seq;
    }
    if (*now == frozen)
        audit_note(r->report, seq, "freezes what is frozen, or unfreezes what is not");
    *now = frozen;
}

/* ---- movements ----------------------------------------------------------------------------- */

/* Read the postings of an entry; 0: there is none, or one that cannot be carried out. */
static size_t read_postings(struct audit_replay *r, uint64_t seq)
{
    enum { LEG = 2, FROM, TO, AMOUNT, FROM_AFTER, TO_AFTER, FROM_PREV, TO_PREV };
    size_t count = 0;
    bool good = true;
    struct row row;
    while (audit_replay_row(r, AUDIT_POSTINGS, seq, &row)) {
        struct posting posting = {.from = account_of(r, &row, FROM),
            .to = account_of(r, &row, TO),
            .amount = row_money(&row, AMOUNT)};

        /* Take all rows, so that none is a finding of its own; carry out none after a bad one. */
        r->report->postings++;
        if (!good || count == ENTRY_POSTINGS_MAX || (size_t)row_smallint(&row, LEG) != count ||
            !posting.from || !posting.to) {
            good = false;
            continue;
        }
        r->told[count] = (struct told){row_money(&row, FROM_AFTER), row_money(&row, TO_AFTER),
            row_bigint(&row, FROM_PREV), row_bigint(&row, TO_PREV)};
        r->postings[count++] = posting;
    }
    if (!good)
        audit_note(r->report, seq, "a posting is missing, or names an account that is not open");
    else if (count == 0)
        audit_note(r->report, seq, "its postings are missing");
    return good ? count : 0;
}

/* Compare what the rules make of the postings with what their rows say; continue from the rows. */
static void carry_out(struct audit_replay *r, uint64_t seq, size_t count)
{
    rules_link(r->postings, count);
    for (size_t i = 0; i < count; i++) {
        struct posting *posting = &r->postings[i];
        const struct told *told = &r->told[i];
        if (posting->from_after != told->from_after || posting->to_after != told->to_after)
            audit_note(r->report, seq, "posting %zu: a balance does not add up", i);
        if (posting->from_prev != told->from_prev || posting->to_prev != told->to_prev)
            audit_note(r->report, seq, "posting %zu: follows %lu and %lu, not %lu and %lu", i,
                posting->from_prev, posting->to_prev, told->from_prev, told->to_prev);
        posting->from_after = told->from_after;
        posting->to_after = told->to_after;
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

static void move(struct audit_replay *r, uint64_t seq)
{
    struct account *broken = NULL;
    size_t count = read_postings(r, seq);
    rules_begin(r->postings, count);
    if (count > 0)
        note_refusal(r, seq, rules_decide(r->postings, count, r->frozen, &broken), broken);
    carry_out(r, seq, count);
}

/* ---- holds --------------------------------------------------------------------------------- */

static void check_held(struct audit_replay *r, uint64_t seq, const struct account *account)
{
    enum { ACCOUNT = 1, HELD = 3 };
    struct row row;
    if (!audit_replay_row(r, AUDIT_HELD, seq, &row))
        audit_note(r->report, seq, "what account %s has held is missing", account->id);
    else if (account_of(r, &row, ACCOUNT) != account || row_money(&row, HELD) != account->held)
        audit_note(r->report, seq, "what account %s has held does not add up", account->id);
}

static void hold(struct audit_replay *r, uint64_t seq)
{
    enum { FROM = 2, TO, AMOUNT, EXPIRES };
    struct row row;
    struct account *broken = NULL;
    money held;
    r->report->holds++;
    if (!audit_replay_row(r, AUDIT_HOLDS, seq, &row)) {
        audit_note(r->report, seq, "the hold is missing");
        return;
    }
    struct posting posting = {.from = account_of(r, &row, FROM),
        .to = account_of(r, &row, TO),
        .amount = row_money(&row, AMOUNT)};
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
        .expires_us = row_is_null(&row, EXPIRES) ? 0 : row_time(&row, EXPIRES)};
    hold_table_add(r->holds, room);
    rules_reserve(posting.from, posting.amount, seq);
    check_held(r, seq, posting.from);
}

/* A capture moves what its hold allows. */
static void capture(struct audit_replay *r, uint64_t seq, const struct hold *hold)
{
    struct account *broken = NULL;
    size_t count = read_postings(r, seq);
    if (count != 1 || r->postings[0].from != hold->from || r->postings[0].to != hold->to) {
        audit_note(r->report, seq, "captures something other than the hold %lu", hold->seq);
        rules_begin(r->postings, count);
    } else {
        note_refusal(r, seq,
            rules_decide_capture(&r->postings[0], hold->amount, r->frozen, &broken), broken);
    }
    carry_out(r, seq, count);
}

static void settle(
    struct audit_replay *r, uint64_t seq, int64_t at_us, enum entry_kind kind, uint64_t ref)
{
    struct hold hold;
    if (!hold_table_find(r->holds, ref, &hold) || hold.settled) {
        audit_note(r->report, seq, "settles %lu, which is not an open hold", ref);
        if (kind == ENTRY_CAPTURE)
            move(r, seq);
        return;
    }
    bool due = hold.expires_us && at_us >= hold.expires_us;
    if ((kind == ENTRY_EXPIRY && !due) || (kind == ENTRY_CAPTURE && due))
        audit_note(r->report, seq, "the hold %lu %s at that time", ref,
            due ? "had expired" : "had not expired");
    if (kind == ENTRY_CAPTURE)
        capture(r, seq, &hold);
    rules_reserve(hold.from, -hold.amount, seq);
    hold_table_settle(r->holds, ref, seq, seq);
    check_held(r, seq, hold.from);
}

/* ---- entries ------------------------------------------------------------------------------- */

static void check_waypoints(struct audit_replay *r, uint64_t seq)
{
    enum { ACCOUNT = 1 };
    struct row row;
    while (audit_replay_row(r, AUDIT_WAYPOINTS, seq, &row)) {
        const struct account *account = account_of(r, &row, ACCOUNT);
        if (!account || account->moved != seq || account->opened == seq)
            audit_note(r->report, seq, "a waypoint of an account that it does not move");
    }
}

static void replay_kind(struct audit_replay *r, uint64_t seq, int64_t at_us, const struct row *row)
{
    enum { KIND = 3, REF = 10 };
    enum entry_kind kind = (enum entry_kind)row_smallint(row, KIND);
    uint64_t ref = row_is_null(row, REF) ? 0 : row_bigint(row, REF);
    switch (kind) {
    case ENTRY_ACCOUNT:
        open_account(r, seq, row);
        break;
    case ENTRY_TRANSFER:
    case ENTRY_REVERSAL:
        move(r, seq);
        break;
    case ENTRY_REJECTED:
    case ENTRY_BATCH:
        break;
    case ENTRY_HOLD:
        hold(r, seq);
        break;
    case ENTRY_CAPTURE:
    case ENTRY_RELEASE:
    case ENTRY_EXPIRY:
        settle(r, seq, at_us, kind, ref);
        break;
    case ENTRY_FREEZE:
    case ENTRY_UNFREEZE:
        freeze(r, seq, row, kind == ENTRY_FREEZE);
        break;
    }
}

void audit_replay_entry(struct audit_replay *r, const struct row *row)
{
    enum { SEQ = 1, AT, KEY = 4 };
    uint64_t seq = row_bigint(row, SEQ);
    int64_t at_us = row_time(row, AT);
    size_t length;
    const char *key = row_bytes(row, KEY, &length);
    audit_keys_add(r->keys, r->report, seq, key, length);
    if (seq != r->seq + 1)
        audit_note(r->report, r->seq + 1, "missing; %lu comes next", seq);
    if (r->seq > 0 && at_us <= r->at_us)
        audit_note(r->report, seq, "its time is not after that of the entry before");
    r->seq = seq;
    r->at_us = at_us;
    r->report->entries++;
    replay_kind(r, seq, at_us, row);
    check_waypoints(r, seq);
}
