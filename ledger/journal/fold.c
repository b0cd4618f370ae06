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

#include "coro/clock.h"
#include "ledger/db/row.h"
#include "ledger/db/tables.h"
#include "ledger/domain/rules.h"
#include "ledger/failpoint.h"
#include "ledger/journal/record.h"
#include "ledger/memory/account_table.h"
#include "ledger/notice.h"

enum { ROWS_A_LOOK = 4096 };

static const int64_t say_every_ns = 2 * CO_CLOCK_S;

struct folding {
    struct account_table *accounts;
    struct fold *fold;
    char *error;
    size_t size;
    uint64_t rows; /* of the query that runs */
    const char *name;
    uint64_t all_rows;
    int64_t began_ns, said_ns; /* when it was last told how far it is */
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

/* A start that takes long says that it goes on. */
static void say_progress(struct folding *f)
{
    int64_t now_ns = co_clock_now_ns();
    if (now_ns - f->said_ns < say_every_ns)
        return;
    f->said_ns = now_ns;
    notice(NOTICE_INFO, "ledger %s: %lu rows read in %ld ms, going on", f->name, f->all_rows,
        (now_ns - f->began_ns) / CO_CLOCK_MS);
}

/* Can all values of the next row be read? `types` as for row_is_plain(). */
static bool is_readable(
    struct folding *f, const struct row *row, const char *what, const char *types)
{
    f->rows++;
    if (++f->all_rows % ROWS_A_LOOK == 0)
        say_progress(f);
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

/* What is read of an account: whether it has metadata, not the metadata. */
#define TABLES_FOLDED_ACCOUNT(FIRST, NEXT, P) FIRST(P, NO, no, "B") TABLES_OPENING(NEXT, P)
enum { TABLES_PLACES(FOLDED_ACCOUNT) HAS_METADATA };

static bool take_account(const struct row *row, void *arg)
{
    struct folding *f = arg;
    struct record_account opened;
    bool taken;
    if (!is_readable(f, row, "a value of account row", TABLES_TYPES(FOLDED_ACCOUNT) "-"))
        return false;
    uint64_t number = row_bigint(row, TABLE_FOLDED_ACCOUNT_NO);
    if (!record_read_account(&opened, number, row, TABLE_FOLDED_ACCOUNT_ID))
        return fail(f, "account", number);
    struct account *account = record_open_account(&opened, f->accounts, &taken);
    if (!account)
        return taken ? fail(f, "account", number) : fail_memory(f);

    /* It is as it was right after its opening; its balance and the tail come later. */
    account->steps = ACCOUNT_STEPS - 1; /* how many there were is not known: the next is one */
    if (row_bool(row, HAS_METADATA))
        account->metadata = account_far; /* read when it is asked for */
    return true;
}

static bool take_balance(const struct row *row, void *arg)
{
    struct folding *f = arg;
    if (!is_readable(f, row, "a value of balance row", TABLES_TYPES(BALANCE)))
        return false;
    uint64_t number = row_bigint(row, TABLE_BALANCE_ACCOUNT);
    struct account *account = account_by_number(f->accounts, number);
    if (!account || account->opened >= row_bigint(row, TABLE_BALANCE_SEQ))
        return fail(f, "balance of account", number);
    account->balance = row_money(row, TABLE_BALANCE_BALANCE);
    account->seq = account->moved = row_bigint(row, TABLE_BALANCE_SEQ);
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
    struct folding *f = arg;
    struct record_posting says;
    if (!is_readable(f, row, "a value of posting row", TABLES_TYPES(FOLDED)))
        return false;
    uint64_t seq = row_bigint(row, TABLE_FOLDED_SEQ);
    record_read_terms(&says, row, TABLE_FOLDED_FROM_NO);
    record_read_after(&says, row, TABLE_FOLDED_FROM_AFTER);
    struct posting posting = {
        .from = account_by_number(f->accounts, says.from),
        .to = account_by_number(f->accounts, says.to),
        .amount = says.amount,
    };
    if (failpoint("fold.posting"))
        return fail(f, "failpoint at", seq);
    if (!posting.from || !posting.to)
        return fail(f, "posting at", seq);

    /* Computed here from what memory has, and compared before memory is changed. */
    if (!money_add(posting.from->balance, -posting.amount, &posting.from_after) ||
        !money_add(posting.to->balance, posting.amount, &posting.to_after) ||
        posting.from_after != says.from_after || posting.to_after != says.to_after)
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

/* `query` has a %d for the ledger, or that and a %lu for a position. */
__attribute__((format(printf, 5, 6))) static bool each(struct co_context *context,
    struct store *store, struct folding *f, bool (*take)(const struct row *row, void *arg),
    const char *query, ...)
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
    enum pg_status status = pg_unload(context, store->opener, sql, take, f);
    if (status != PG_OK && !*f->error)
        snprintf(f->error, f->size, "%s", pg_message(store->opener));
    return status == PG_OK;
}

bool fold_journal(struct co_context *context, struct store *store, struct account_table *accounts,
    struct fold *fold, char *error, size_t size)
{
    struct folding f = {.accounts = accounts,
        .fold = fold,
        .error = error,
        .size = size,
        .name = store->claim.name,
        .began_ns = co_clock_now_ns()};
    f.said_ns = f.began_ns;
    int ledger = store->ledger;
    *fold = (struct fold){0};
    return each(context, store, &f, take_secret, "SELECT key_secret FROM ledger WHERE no = %d",
               ledger) &&
           each(context, store, &f, take_count,
               "SELECT coalesce(max(no), 0) FROM account WHERE ledger = %d", ledger) &&
           each(context, store, &f, take_account,
               "SELECT " TABLES_COLUMNS(FOLDED_ACCOUNT) ", metadata IS NOT NULL FROM account"
                                                        " WHERE ledger = %d",
               ledger) &&
           each(context, store, &f, take_balance,
               "SELECT " TABLES_COLUMNS(BALANCE) " FROM balance WHERE ledger = %d", ledger) &&
           each(context, store, &f, take_position,
               "SELECT c.seq, coalesce(e.last, c.seq), coalesce(e.at,"
               " (SELECT o.at FROM entry o WHERE o.ledger = %1$d AND o.seq = c.seq), 'epoch'),"
               " e.tail FROM checkpoint c CROSS JOIN LATERAL (SELECT max(seq) AS last,"
               " max(at) AS at, count(*) AS tail FROM entry WHERE ledger = %1$d"
               " AND seq > c.seq) e WHERE c.ledger = %1$d",
               ledger) &&
           each(context, store, &f, take_posting,
               "SELECT " TABLES_COLUMNS(
                   FOLDED) " FROM posting"
                           " WHERE ledger = %d AND seq > %lu ORDER BY seq, leg",
               ledger, fold->checkpoint) &&
           floors_hold(&f);
}
