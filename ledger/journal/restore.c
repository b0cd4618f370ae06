/* SPDX-License-Identifier: MIT */
/*
 * The open holds are added up for each account, and must be what the checkpoint says that it has
 * held; from there on each entry about a hold is followed, and must lead to what was written beside
 * it.
 */
#include "ledger/journal/restore.h"

#include <stdio.h>

#include "ledger/db/row.h"
#include "ledger/db/sql_kind.h"
#include "ledger/db/tables.h"
#include "ledger/domain/entry.h"
#include "ledger/journal/record.h"
#include "ledger/memory/account_table.h"

struct restoring {
    const struct restore *to;
    uint64_t holders, confirmed; /* accounts with open holds; those that the checkpoint has so */
    char *error;
    size_t size;
};

static bool fail(struct restoring *r, const char *what, uint64_t number)
{
    snprintf(r->error, r->size, "the journal contradicts itself: %s %lu", what, number);
    return false;
}

static bool each(struct co_context *context, struct store *store, struct restoring *r,
    const char *select, bool (*take)(const struct row *row, void *arg))
{
    char sql[1000];
    snprintf(sql, sizeof sql, "COPY (%s) TO STDOUT (FORMAT binary)", select);
    *r->error = '\0';
    enum pg_status status = pg_unload(context, store->opener, sql, take, r);
    if (status != PG_OK && !*r->error)
        snprintf(r->error, r->size, "%s", pg_message(store->opener));
    return status == PG_OK;
}

static struct account *account_of(const struct restoring *r, uint64_t number)
{
    return account_by_number(r->to->accounts, number);
}

static void touch(struct account *account, uint64_t seq)
{
    account->seq = account->seq < seq ? seq : account->seq;
}

/* ---- the checkpoint ------------------------------------------------------------------------ */

static bool add_hold(struct restoring *r, const struct record_hold *says)
{
    struct account *from = account_of(r, says->from), *to = account_of(r, says->to);
    if (!from || !to || hold_table_find(r->to->holds, says->seq, &(struct hold){0}) ||
        !money_add(from->held, says->amount, &from->held))
        return fail(r, "hold", says->seq);

    struct hold *hold = hold_table_room(r->to->holds);
    if (!hold) {
        snprintf(r->error, r->size, "out of memory for holds");
        return false;
    }
    *hold = (struct hold){.seq = says->seq,
        .from = from,
        .to = to,
        .amount = says->amount,
        .expires_us = says->expires_us};
    hold_table_add(r->to->holds, hold);
    return true;
}

static bool take_open(const struct row *row, void *arg)
{
    struct restoring *r = arg;
    struct record_hold says;
    if (!row_is_plain(row, TABLES_TYPES(HOLD)))
        return fail(r, "a value of open hold", 0);
    record_read_hold(&says, row);
    const struct account *from = account_of(r, says.from);
    r->holders += from && from->held == 0;
    return add_hold(r, &says);
}

static void freeze(struct restoring *r, struct account *account, bool frozen, uint64_t seq)
{
    if (account) {
        account->frozen = frozen;
        touch(account, seq);
    } else {
        atomic_store(r->to->frozen, frozen);
        atomic_store(r->to->freeze_seq, seq);
    }
}

static bool take_standing(const struct row *row, void *arg)
{
    struct restoring *r = arg;
    if (!row_is_plain(row, TABLES_TYPES(STANDING)))
        return fail(r, "a value of standing row", 0);
    uint64_t number = row_bigint(row, TABLE_STANDING_ACCOUNT);
    struct account *account = account_of(r, number);
    money held = row_money(row, TABLE_STANDING_HELD);
    bool whole_ledger = number == TABLE_WHOLE_LEDGER;
    if (whole_ledger ? held != 0 : !account || held != account->held)
        return fail(r, "what is held of account", number);
    r->confirmed += held > 0;
    freeze(r, account, row_bool(row, TABLE_STANDING_FROZEN), row_bigint(row, TABLE_STANDING_SEQ));
    return true;
}

/* ---- what came after it -------------------------------------------------------------------- */

/* The columns of the hold that an entry is about, and behind them */
enum tail_column { KIND = TABLE_HOLD_COLUMNS, AT, ABOUT, HELD };

static bool end_hold(struct restoring *r, uint64_t of, uint64_t seq)
{
    struct hold hold;
    if (!hold_table_find(r->to->holds, of, &hold))
        return fail(r, "the end of a hold at", seq);
    hold.from->held -= hold.amount;
    hold_table_settle(r->to->holds, hold.seq, seq, seq);
    return true;
}

/* What an entry about a hold leads to must be what was written beside it. */
static bool follow_hold(
    struct restoring *r, const struct row *row, enum entry_kind kind, uint64_t seq)
{
    struct record_hold says;
    if (row_is_null(row, TABLE_HOLD_SEQ) || row_is_null(row, TABLE_HOLD_FROM_NO) ||
        row_is_null(row, TABLE_HOLD_TO_NO) || row_is_null(row, TABLE_HOLD_AMOUNT))
        return fail(r, "hold", seq);
    record_read_hold(&says, row);
    if (kind == ENTRY_HOLD ? !add_hold(r, &says) : !end_hold(r, says.seq, seq))
        return false;
    struct account *account = account_of(r, says.from);
    if (!account || row_is_null(row, HELD) || row_money(row, HELD) != account->held)
        return fail(r, "what is held after", seq);
    touch(account, seq);
    return true;
}

static bool take_tail(const struct row *row, void *arg)
{
    struct restoring *r = arg;
    if (!row_is_plain(row, "?" TABLES_TYPES(HOLD) "-BBM"))
        return fail(r, "a value of an entry after", r->to->checkpoint);
    enum entry_kind kind = (enum entry_kind)row_smallint(row, KIND);
    uint64_t seq = row_bigint(row, AT);
    if (kind != ENTRY_FREEZE && kind != ENTRY_UNFREEZE)
        return follow_hold(r, row, kind, seq);

    /* A freeze is of an account, or of the whole ledger. */
    struct account *account = NULL;
    if (!row_is_null(row, ABOUT) && !(account = account_of(r, row_bigint(row, ABOUT))))
        return fail(r, "frozen account at", seq);
    freeze(r, account, kind == ENTRY_FREEZE, seq);
    return true;
}

/* h: the hold that an entry makes or ends, d: what its account has held after it. OFFSET 0: one
 * look-up an entry, whatever the statistics say. */
static const char tail_sql[] = "SELECT " TABLES_COLUMNS_OF(
    HOLD, h) ",e.kind,e.seq,e.account,d.held"
             " FROM entry e LEFT JOIN LATERAL (SELECT * FROM hold x WHERE x.ledger = %1$d"
             "  AND x.seq = " SQL_HOLD_OF_E " OFFSET 0) h ON true"
             " LEFT JOIN LATERAL (SELECT held FROM held WHERE ledger = %1$d AND account = h.from_no"
             "  AND seq = e.seq OFFSET 0) d ON true"
             " WHERE e.ledger = %1$d AND e.seq > %2$lu"
             " AND e.kind IN (" SQL_KINDS_OF_HOLDS "," SQL_KINDS_FREEZING ") ORDER BY e.seq";

bool restore_state(struct co_context *context, struct store *store, const struct restore *restore,
    char *error, size_t size)
{
    struct restoring r = {.to = restore, .error = error, .size = size};
    char open[160], standing[160], tail[sizeof tail_sql + 40];
    snprintf(open, sizeof open, "SELECT " TABLES_COLUMNS(HOLD) " FROM open_hold WHERE ledger = %d",
        store->ledger);
    snprintf(standing, sizeof standing,
        "SELECT " TABLES_COLUMNS(STANDING) " FROM standing WHERE ledger = %d", store->ledger);
    snprintf(tail, sizeof tail, tail_sql, store->ledger, restore->checkpoint);
    if (!each(context, store, &r, open, take_open) ||
        !each(context, store, &r, standing, take_standing))
        return false;
    if (r.holders != r.confirmed)
        return fail(&r, "what is held at", restore->checkpoint);
    return each(context, store, &r, tail, take_tail);
}
