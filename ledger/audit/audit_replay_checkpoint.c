/* SPDX-License-Identifier: MIT */
/* The checkpoint against the replay, which is where the checkpoint is: balances, open holds, what
 * is held and frozen must be as the journal makes them. */
#include <stdio.h>

#include "ledger/audit/audit_replay_private.h"
#include "ledger/db/tables.h"
#include "ledger/journal/record.h"
#include "ledger/memory/account_table.h"

static enum pg_status each(
    struct audit_replay *r, const char *select, bool (*take)(const struct row *row, void *arg))
{
    char sql[300];
    snprintf(sql, sizeof sql, "COPY (%s WHERE ledger = %d) TO STDOUT (FORMAT binary)", select,
        r->trail.ledger);
    return pg_unload(r->context, r->pg, sql, take, r);
}

static struct account *account_of(struct audit_replay *r, uint64_t number)
{
    return account_by_number(r->accounts, number);
}

/* Where to report what no account or hold locates: at the checkpoint, or the first entry. */
static uint64_t here(const struct audit_replay *r)
{
    return r->trail.seq ? r->trail.seq : 1;
}

/* ---- balances ------------------------------------------------------------------------------ */

static bool compare_balance(const struct row *row, void *arg)
{
    struct audit_replay *r = arg;
    bool plain = row_is_plain(row, TABLES_TYPES(BALANCE));
    const struct account *account =
        plain ? account_of(r, row_bigint(row, TABLE_BALANCE_ACCOUNT)) : NULL;
    if (!account || account->balance != row_money(row, TABLE_BALANCE_BALANCE) ||
        account->moved != row_bigint(row, TABLE_BALANCE_SEQ))
        audit_note(r->report, account ? account->moved : here(r),
            "the checkpoint at %lu differs for account %s", r->trail.seq,
            account ? account->id : "?");
    r->compared++;
    return true;
}

static enum pg_status compare_balances(struct audit_replay *r)
{
    uint64_t moved = 0;
    r->compared = 0;
    enum pg_status status =
        each(r, "SELECT " TABLES_COLUMNS(BALANCE) " FROM balance", compare_balance);
    for (uint64_t number = 1; number <= account_count(r->accounts); number++) {
        const struct account *account = account_by_number(r->accounts, number);
        moved += account && account->moved > account->opened;
    }
    if (status == PG_OK && moved != r->compared)
        audit_note(r->report, here(r), "the checkpoint has %lu accounts that moved, not %lu",
            r->compared, moved);
    return status;
}

/* ---- holds --------------------------------------------------------------------------------- */

static bool compare_hold(const struct row *row, void *arg)
{
    struct audit_replay *r = arg;
    struct record_hold kept = {0};
    struct hold hold;
    bool plain = row_is_plain(row, TABLES_TYPES(HOLD));
    if (plain)
        record_read_hold(&kept, row);
    bool found = plain && hold_table_find(r->holds, kept.seq, &hold) && !hold.settled;
    if (!found || hold.from != account_of(r, kept.from) || hold.to != account_of(r, kept.to) ||
        hold.amount != kept.amount || hold.expires_us != kept.expires_us)
        audit_note(r->report, plain ? kept.seq : here(r),
            "the checkpoint at %lu has a hold that is not open then, or not with these values",
            r->trail.seq);
    r->compared++;
    return true;
}

static enum pg_status compare_holds(struct audit_replay *r)
{
    r->compared = 0;
    enum pg_status status = each(r, "SELECT " TABLES_COLUMNS(HOLD) " FROM open_hold", compare_hold);
    if (status == PG_OK && r->compared != hold_table_count(r->holds))
        audit_note(r->report, here(r), "the checkpoint has %lu open holds, not %zu", r->compared,
            hold_table_count(r->holds));
    return status;
}

/* ---- holds and freezing, account by account ------------------------------------------------ */

/* An account whose last entry is about a hold or a freeze: no movement shows it. */
static bool stands(const struct account *account)
{
    return account && (account->held != 0 || account->frozen || account->seq > account->moved);
}

/* What a plain row says of the account; NULL: of the whole ledger, or of none. */
static bool stands_so(
    const struct audit_replay *r, const struct account *account, const struct row *row)
{
    uint64_t seq = row_bigint(row, TABLE_STANDING_SEQ);
    money held = row_money(row, TABLE_STANDING_HELD);
    bool frozen = row_bool(row, TABLE_STANDING_FROZEN);
    if (!account)
        return row_bigint(row, TABLE_STANDING_ACCOUNT) == TABLE_WHOLE_LEDGER && held == 0 &&
               frozen == r->frozen && seq == r->freeze_seq;

    /* Its position is kept only where it is later than the last movement, which the balance
     * tells. */
    return held == account->held && frozen == account->frozen &&
           (seq > account->moved ? seq == account->seq : account->seq == account->moved);
}

static bool compare_standing(const struct row *row, void *arg)
{
    struct audit_replay *r = arg;
    bool plain = row_is_plain(row, TABLES_TYPES(STANDING));
    uint64_t number = plain ? row_bigint(row, TABLE_STANDING_ACCOUNT) : 0;
    const struct account *account = plain ? account_of(r, number) : NULL;
    if (!plain || !stands_so(r, account, row))
        audit_note(r->report, account ? account->seq : here(r),
            "the checkpoint at %lu differs in the standing of %s", r->trail.seq,
            account ? account->id : "the ledger");
    r->compared += stands(account) || (plain && number == TABLE_WHOLE_LEDGER);
    return true;
}

static enum pg_status compare_standings(struct audit_replay *r)
{
    uint64_t due = r->freeze_seq > 0;
    r->compared = 0;
    enum pg_status status =
        each(r, "SELECT " TABLES_COLUMNS(STANDING) " FROM standing", compare_standing);
    for (uint64_t number = 1; number <= account_count(r->accounts); number++)
        due += stands(account_by_number(r->accounts, number));
    if (status == PG_OK && due != r->compared)
        audit_note(r->report, here(r), "the checkpoint has the standing of %lu accounts, not %lu",
            r->compared, due);
    return status;
}

enum pg_status audit_replay_checkpoint(struct audit_replay *r)
{
    enum pg_status status = compare_balances(r);
    if (status == PG_OK)
        status = compare_holds(r);
    return status == PG_OK ? compare_standings(r) : status;
}
