/* SPDX-License-Identifier: MIT */
/*
 * The open holds are added up for each account, and must be what the checkpoint says that it has
 * held; from there on each entry about a hold is followed, and must lead to what was written beside
 * it.
 */
#include "ledger/journal/restore.h"

#include <stdio.h>

#include "ledger/domain/entry.h"
#include "ledger/db/row.h"
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

static bool each(struct context *context, struct store *store, struct restoring *r,
    const char *select, bool (*take)(const struct row *row, void *arg))
{
    char sql[1000];
    snprintf(sql, sizeof sql, "COPY (%s) TO STDOUT (FORMAT binary)", select);
    *r->error = '\0';
    enum pg_status status = pg_unload(context, store->writer, sql, take, r);
    if (status != PG_OK && !*r->error)
        snprintf(r->error, r->size, "%s", pg_message(store->writer));
    return status == PG_OK;
}

static struct account *account_at(const struct restoring *r, const struct row *row, unsigned column)
{
    return account_by_number(r->to->accounts, row_bigint(row, column));
}

static void touch(struct account *account, uint64_t seq)
{
    account->seq = account->seq < seq ? seq : account->seq;
}

/* ---- the checkpoint ------------------------------------------------------------------------ */

/* The columns of a hold, in the order of the queries below. */
enum hold_column { SEQ, FROM, TO, AMOUNT, EXPIRES };

static bool add_hold(struct restoring *r, const struct row *row)
{
    uint64_t seq = row_bigint(row, SEQ);
    struct account *from = account_at(r, row, FROM), *to = account_at(r, row, TO);
    if (!from || !to || hold_table_find(r->to->holds, seq, &(struct hold){0}) ||
        !money_add(from->held, row_money(row, AMOUNT), &from->held))
        return fail(r, "hold", seq);

    struct hold *hold = hold_table_room(r->to->holds);
    if (!hold) {
        snprintf(r->error, r->size, "out of memory for holds");
        return false;
    }
    *hold = (struct hold){.seq = seq,
        .from = from,
        .to = to,
        .amount = row_money(row, AMOUNT),
        .expires_us = row_is_null(row, EXPIRES) ? 0 : row_time(row, EXPIRES)};
    hold_table_add(r->to->holds, hold);
    return true;
}

static bool take_open(const struct row *row, void *arg)
{
    struct restoring *r = arg;
    if (!row_is_plain(row, "BBBMt"))
        return fail(r, "a value of open hold", 0);
    const struct account *from = account_at(r, row, FROM);
    r->holders += from && from->held == 0;
    return add_hold(r, row);
}

static void freeze(struct restoring *r, struct account *account, bool frozen, uint64_t seq)
{
    if (account) {
        account->frozen = frozen;
        touch(account, seq);
    } else {
        atomic_store(r->to->frozen, frozen);
        atomic_store(r->to->froze, seq);
    }
}

static bool take_standing(const struct row *row, void *arg)
{
    enum { ACCOUNT, HELD, FROZEN, LAST };
    struct restoring *r = arg;
    if (!row_is_plain(row, "BM-B"))
        return fail(r, "a value of standing row", 0);
    uint64_t number = row_bigint(row, ACCOUNT);
    struct account *account = account_at(r, row, ACCOUNT);
    money held = row_money(row, HELD);
    if (number > 0 ? !account || held != account->held : held != 0)
        return fail(r, "what is held of account", number);
    r->confirmed += held > 0;
    freeze(r, account, row_bool(row, FROZEN), row_bigint(row, LAST));
    return true;
}

/* ---- what came after it -------------------------------------------------------------------- */

enum tail_column { KIND = EXPIRES + 1, AT, ABOUT, HELD };

/* The hold of the row ends. */
static bool end_hold(struct restoring *r, const struct row *row, uint64_t seq)
{
    struct hold hold;
    if (row_is_null(row, SEQ) || !hold_table_find(r->to->holds, row_bigint(row, SEQ), &hold))
        return fail(r, "the end of a hold at", seq);
    hold.from->held -= hold.amount;
    hold_table_settle(r->to->holds, hold.seq, seq, seq);
    return true;
}

static bool take_tail(const struct row *row, void *arg)
{
    struct restoring *r = arg;
    if (!row_is_plain(row, "bbbmt-Bbm"))
        return fail(r, "a value of an entry after", r->to->checkpoint);
    enum entry_kind kind = (enum entry_kind)row_smallint(row, KIND);
    uint64_t seq = row_bigint(row, AT);
    struct account *account = NULL;
    if (kind == ENTRY_FREEZE || kind == ENTRY_UNFREEZE) {
        if (!row_is_null(row, ABOUT) && !(account = account_at(r, row, ABOUT)))
            return fail(r, "frozen account at", seq);
        freeze(r, account, kind == ENTRY_FREEZE, seq);
        return true;
    }

    /* An entry about a hold: what it leads to must be what was written beside it. */
    if (row_is_null(row, AMOUNT) || row_is_null(row, FROM) || row_is_null(row, TO))
        return fail(r, "hold", seq);
    if (kind == ENTRY_HOLD ? !add_hold(r, row) : !end_hold(r, row, seq))
        return false;
    account = account_at(r, row, FROM);
    if (!account || row_is_null(row, HELD) || row_money(row, HELD) != account->held)
        return fail(r, "what is held after", seq);
    touch(account, seq);
    return true;
}

/* h: the hold that an entry makes or ends, d: what its account has held after it. OFFSET 0: one
 * look-up an entry, whatever the statistics say. */
static const char tail_sql[] =
    "SELECT h.seq, h.from_no, h.to_no, h.amount, h.expires_at, e.kind, e.seq, e.account, d.held"
    " FROM entry e LEFT JOIN LATERAL (SELECT * FROM hold x WHERE x.ledger = e.ledger"
    "  AND x.seq = CASE e.kind WHEN 4 THEN e.seq ELSE e.ref END OFFSET 0) h ON true"
    " LEFT JOIN LATERAL (SELECT held FROM held WHERE ledger = e.ledger AND account = h.from_no"
    "  AND seq = e.seq OFFSET 0) d ON true"
    " WHERE e.ledger = %d AND e.seq > %lu AND e.kind IN (4, 5, 6, 7, 9, 10) ORDER BY e.seq";

bool restore_state(struct context *context, struct store *store, const struct restore *restore,
    char *error, size_t size)
{
    struct restoring r = {.to = restore, .error = error, .size = size};
    char open[160], standing[160], tail[sizeof tail_sql + 40];
    snprintf(open, sizeof open,
        "SELECT seq, from_no, to_no, amount, expires_at FROM open_hold WHERE ledger = %d",
        store->ledger);
    snprintf(standing, sizeof standing,
        "SELECT account, held, frozen, seq FROM standing WHERE ledger = %d", store->ledger);
    snprintf(tail, sizeof tail, tail_sql, store->ledger, restore->checkpoint);
    if (!each(context, store, &r, open, take_open) ||
        !each(context, store, &r, standing, take_standing))
        return false;
    if (r.holders != r.confirmed)
        return fail(&r, "what is held at", restore->checkpoint);
    return each(context, store, &r, tail, take_tail);
}
