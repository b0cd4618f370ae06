/* SPDX-License-Identifier: MIT */
/*
 * Everything comes as binary rows (row.h), table by table without joins: millions of accounts are
 * put together here, by their numbers, faster than there.
 */
#include "ledger/journal/fold.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/db/row.h"
#include "ledger/failpoint.h"
#include "ledger/domain/rules.h"
#include "ledger/memory/account_table.h"
#include "ledger/memory/asset_intern.h"

struct folding {
    struct account_table *accounts;
    struct fold *fold;
    char *error;
    size_t size;
    uint64_t rows; /* of the query that runs */
};

/* `number`: of an account, or a position. */
static bool fail(struct folding *f, const char *what, uint64_t number)
{
    snprintf(f->error, f->size, "the journal contradicts itself: %s %lu", what, number);
    return false;
}

static bool fail_memory(struct folding *f)
{
    snprintf(f->error, f->size, "out of memory for accounts");
    return false;
}

/* Can all values of the next row be read? `types` as for row_is_plain(). */
static bool is_readable(
    struct folding *f, const struct row *row, const char *what, const char *types)
{
    f->rows++;
    return row_is_plain(row, types) || fail(f, what, f->rows);
}

/* ---- what the checkpoint says -------------------------------------------------------------- */

/* About how many accounts there will be. */
static bool take_count(const struct row *row, void *arg)
{
    struct folding *f = arg;
    return is_readable(f, row, "the number of row", "B") &&
           (account_table_expect(f->accounts, row_bigint(row, 0)) || fail_memory(f));
}

static bool take_account(const struct row *row, void *arg)
{
    enum { NUMBER, ID, ASSET, FLOOR, OPENED, HAS_METADATA };
    struct folding *f = arg;
    char id[ACCOUNT_ID_MAX + 1], asset[ASSET_TEXT];
    if (!is_readable(f, row, "a value of account row", "B--mB-"))
        return false;
    /* Only an id, an asset and a number that are valid and not taken yet can have been written. */
    uint64_t number = row_bigint(row, NUMBER);
    if (!row_text(row, ID, id, sizeof id) || !row_text(row, ASSET, asset, sizeof asset) ||
        !account_id_is_valid(id) || !asset_is_valid(asset) ||
        account_by_number(f->accounts, number))
        return fail(f, "account", number);
    struct account *account = account_find_or_add(f->accounts, id);
    if (account && account->opened)
        return fail(f, "account", number);
    if (!account || !account_renumber(f->accounts, account, number) ||
        !(account->asset = asset_intern(asset)))
        return fail_memory(f);

    /* As it was right after its opening; its balance and the tail come later. */
    account->opened = account->seq = account->moved = row_bigint(row, OPENED);
    account->steps = ACCOUNT_STEPS - 1; /* how many there were is not known: the next is one */
    account->has_floor = !row_is_null(row, FLOOR);
    account->floor = account->has_floor ? row_money(row, FLOOR) : 0;
    if (row_bool(row, HAS_METADATA))
        account->metadata = account_far; /* read when it is asked for */
    return true;
}

static bool take_balance(const struct row *row, void *arg)
{
    enum { NUMBER, BALANCE, SEQ };
    struct folding *f = arg;
    if (!is_readable(f, row, "a value of balance row", "BMB"))
        return false;
    struct account *account = account_by_number(f->accounts, row_bigint(row, NUMBER));
    if (!account || account->opened >= row_bigint(row, SEQ))
        return fail(f, "balance of account", row_bigint(row, NUMBER));
    account->balance = row_money(row, BALANCE);
    account->seq = account->moved = row_bigint(row, SEQ);
    return true;
}

static bool take_secret(const struct row *row, void *arg)
{
    struct folding *f = arg;
    size_t size;
    const char *secret = row_bytes(row, 0, &size);
    if (size != sizeof f->fold->key_secret)
        return fail(f, "the key secret's length", size);
    memcpy(f->fold->key_secret, secret, size);
    return true;
}

static bool take_position(const struct row *row, void *arg)
{
    enum { CHECKPOINT, LAST, AT, TAIL };
    struct folding *f = arg;
    if (!is_readable(f, row, "the position or time of row", "BBTB"))
        return false;
    f->fold->checkpoint = row_bigint(row, CHECKPOINT);
    f->fold->seq = row_bigint(row, LAST);
    f->fold->at_us = row_time(row, AT);
    if (f->fold->seq < f->fold->checkpoint ||
        row_bigint(row, TAIL) != f->fold->seq - f->fold->checkpoint)
        return fail(f, "entries are missing after position", f->fold->checkpoint);
    return true;
}

/* ---- what came after it -------------------------------------------------------------------- */

/* One posting of the tail. What the row says must be what the rules make of it. */
static bool take_posting(const struct row *row, void *arg)
{
    enum { SEQ, FROM, TO, AMOUNT, FROM_AFTER, TO_AFTER };
    struct folding *f = arg;
    if (!is_readable(f, row, "a value of posting row", "BBBMMM"))
        return false;
    uint64_t seq = row_bigint(row, SEQ);
    struct posting posting = {
        .from = account_by_number(f->accounts, row_bigint(row, FROM)),
        .to = account_by_number(f->accounts, row_bigint(row, TO)),
        .amount = row_money(row, AMOUNT),
    };
    if (failpoint("fold.posting"))
        return fail(f, "failpoint at", seq);
    if (!posting.from || !posting.to)
        return fail(f, "posting at", seq);

    /* Computed here from what memory has, and compared before memory is changed. */
    if (!money_add(posting.from->balance, -posting.amount, &posting.from_after) ||
        !money_add(posting.to->balance, posting.amount, &posting.to_after) ||
        posting.from_after != row_money(row, FROM_AFTER) ||
        posting.to_after != row_money(row, TO_AFTER))
        return fail(f, "balance after posting at", seq);
    rules_apply(&posting, 1, seq);
    return true;
}

/* The floor is held to the state after whole entries, so it is looked at when all are folded. */
static bool floors_hold(struct folding *f)
{
    for (uint64_t number = 1; number <= account_count(f->accounts); number++) {
        const struct account *account = account_by_number(f->accounts, number);
        if (account && account->has_floor && account->balance < account->floor) {
            snprintf(f->error, f->size, "account %s is below its floor at seq %lu", account->id,
                account->seq);
            return false;
        }
    }
    return true;
}

/* ---- asking -------------------------------------------------------------------------------- */

/* `query` ends in a %d for the ledger, or in that and a %lu for a position. */
__attribute__((format(printf, 5, 6))) static bool each(struct context *context, struct store *store,
    struct folding *f, bool (*take)(const struct row *row, void *arg), const char *query, ...)
{
    /* COPY takes no parameters: the numbers become part of its text. */
    char select[600], sql[700];
    va_list values;
    va_start(values, query);
    vsnprintf(select, sizeof select, query, values);
    va_end(values);
    snprintf(sql, sizeof sql, "COPY (%s) TO STDOUT (FORMAT binary)", select);

    /* A row that was refused has left its reason; otherwise it was the connection. */
    *f->error = '\0';
    f->rows = 0;
    enum pg_status status = pg_unload(context, store->writer, sql, take, f);
    if (status != PG_OK && !*f->error)
        snprintf(f->error, f->size, "%s", pg_message(store->writer));
    return status == PG_OK;
}

bool fold_journal(struct context *context, struct store *store, struct account_table *accounts,
    struct fold *fold, char *error, size_t size)
{
    struct folding f = {.accounts = accounts, .fold = fold, .error = error, .size = size};
    int ledger = store->ledger;
    *fold = (struct fold){0};
    return each(context, store, &f, take_secret, "SELECT key_secret FROM ledger WHERE no = %d",
               ledger) &&
           each(context, store, &f, take_count,
               "SELECT coalesce(max(no), 0) FROM account WHERE ledger = %d", ledger) &&
           each(context, store, &f, take_account,
               "SELECT no, id, asset, floor, opened, metadata IS NOT NULL FROM account"
               " WHERE ledger = %d",
               ledger) &&
           each(context, store, &f, take_balance,
               "SELECT account, balance, seq FROM balance WHERE ledger = %d", ledger) &&
           each(context, store, &f, take_position,
               "SELECT c.seq, coalesce(e.last, c.seq), coalesce(e.at,"
               " (SELECT o.at FROM entry o WHERE o.ledger = c.ledger AND o.seq = c.seq), 'epoch'),"
               " e.tail FROM checkpoint c CROSS JOIN LATERAL (SELECT max(seq) AS last,"
               " max(at) AS at, count(*) AS tail FROM entry WHERE ledger = c.ledger"
               " AND seq > c.seq) e WHERE c.ledger = %d",
               ledger) &&
           each(context, store, &f, take_posting,
               "SELECT seq, from_no, to_no, amount, from_after, to_after FROM posting"
               " WHERE ledger = %d AND seq > %lu ORDER BY seq, leg",
               ledger, fold->checkpoint) &&
           floors_hold(&f);
}
