/* SPDX-License-Identifier: MIT */
/* The checkpoint against the replay, which is where the checkpoint is: balances, open holds, what
 * is held and frozen must be as the journal makes them. */
#include <stdio.h>

#include "ledger/audit/audit_replay_private.h"
#include "ledger/memory/account_table.h"

static enum pg_status each(
    struct audit_replay *r, const char *select, bool (*take)(const struct row *row, void *arg))
{
    char sql[300];
    snprintf(sql, sizeof sql, "COPY (%s WHERE ledger = %d) TO STDOUT (FORMAT binary)", select,
        r->ledger);
    return pg_unload(r->context, r->pg, sql, take, r);
}

static struct account *account_of(struct audit_replay *r, const struct row *row, unsigned column)
{
    return account_by_number(r->accounts, row_bigint(row, column));
}

/* Where to report what no account or hold locates: at the checkpoint, or the first entry. */
static uint64_t here(const struct audit_replay *r)
{
    return r->seq ? r->seq : 1;
}

/* ---- balances ------------------------------------------------------------------------------ */

static bool compare_balance(const struct row *row, void *arg)
{
    enum { ACCOUNT, BALANCE, SEQ };
    struct audit_replay *r = arg;
    const struct account *account = row_is_plain(row, "BMB") ? account_of(r, row, ACCOUNT) : NULL;
    if (!account || account->balance != row_money(row, BALANCE) ||
        account->moved != row_bigint(row, SEQ))
        audit_note(r->report, account ? account->moved : here(r),
            "the checkpoint at %lu differs for account %s", r->seq, account ? account->id : "?");
    r->compared++;
    return true;
}

static enum pg_status compare_balances(struct audit_replay *r)
{
    uint64_t moved = 0;
    r->compared = 0;
    enum pg_status status = each(r, "SELECT account, balance, seq FROM balance", compare_balance);
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
    enum { SEQ, FROM, TO, AMOUNT, EXPIRES };
    struct audit_replay *r = arg;
    struct hold hold;
    bool plain = row_is_plain(row, "BBBMt");
    bool found = plain && hold_table_find(r->holds, row_bigint(row, SEQ), &hold) && !hold.settled;
    if (!found || hold.from != account_of(r, row, FROM) || hold.to != account_of(r, row, TO) ||
        hold.amount != row_money(row, AMOUNT) ||
        hold.expires_us != (row_is_null(row, EXPIRES) ? 0 : row_time(row, EXPIRES)))
        audit_note(r->report, plain ? row_bigint(row, SEQ) : here(r),
            "the checkpoint at %lu has a hold that is not open then, or not with these values",
            r->seq);
    r->compared++;
    return true;
}

static enum pg_status compare_holds(struct audit_replay *r)
{
    r->compared = 0;
    enum pg_status status =
        each(r, "SELECT seq, from_no, to_no, amount, expires_at FROM open_hold", compare_hold);
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

/* Account 0 is the whole ledger. */
static bool compare_standing(const struct row *row, void *arg)
{
    enum { ACCOUNT, HELD, FROZEN, SEQ };
    struct audit_replay *r = arg;
    bool plain = row_is_plain(row, "BM-B"), right;
    const struct account *account = plain ? account_of(r, row, ACCOUNT) : NULL;

    /* Its position is kept only where it is later than the last movement, which the balance
     * tells. */
    if (account)
        right = row_money(row, HELD) == account->held && row_bool(row, FROZEN) == account->frozen &&
                (row_bigint(row, SEQ) > account->moved ? row_bigint(row, SEQ) == account->seq
                                                       : account->seq == account->moved);
    else
        right = plain && row_bigint(row, ACCOUNT) == 0 && row_money(row, HELD) == 0 &&
                row_bool(row, FROZEN) == r->frozen && row_bigint(row, SEQ) == r->froze;
    if (!right)
        audit_note(r->report, account ? account->seq : here(r),
            "the checkpoint at %lu differs in the standing of %s", r->seq,
            account ? account->id : "the ledger");
    r->compared += stands(account) || (plain && row_bigint(row, ACCOUNT) == 0);
    return true;
}

static enum pg_status compare_standings(struct audit_replay *r)
{
    uint64_t due = r->froze > 0;
    r->compared = 0;
    enum pg_status status =
        each(r, "SELECT account, held, frozen, seq FROM standing", compare_standing);
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
