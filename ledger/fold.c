/* SPDX-License-Identifier: MIT */
#include "ledger/fold.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/failpoint.h"
#include "ledger/rules.h"

struct folding {
    struct account_table *accounts;
    struct keys *keys;
    struct fold *fold;
    char *error;
    size_t size;
    uint64_t tail; /* entries seen after the checkpoint */
};

static bool fail(struct folding *f, const char *what, const struct pg_result *row)
{
    snprintf(f->error, f->size, "the journal contradicts itself: %s %s", what, pg_text(row, 0, 0));
    return false;
}

static bool read_money(const struct pg_result *row, int column, money *value)
{
    return money_parse(pg_text(row, 0, column), pg_length(row, 0, column), true, value);
}

static bool take_account(const struct pg_result *row, void *arg)
{
    enum { ID, NUMBER, ASSET, FLOOR, OPENED, METADATA, BALANCE, SEQ };
    struct folding *f = arg;
    const char *id = pg_text(row, 0, ID);
    uint64_t number = (uint64_t)pg_number(row, 0, NUMBER);
    if (!account_id_is_valid(id) || account_find(f->accounts, id) ||
        account_by_number(f->accounts, number) || !asset_is_valid(pg_text(row, 0, ASSET)))
        return fail(f, "account", row);
    struct account *account = account_find_or_add(f->accounts, id);
    if (!account || !account_renumber(f->accounts, account, number)) {
        snprintf(f->error, f->size, "out of memory for accounts");
        return false;
    }
    strcpy(account->asset, pg_text(row, 0, ASSET));
    account->opened = (uint64_t)pg_number(row, 0, OPENED);
    account->seq = account->moved = (uint64_t)pg_number(row, 0, SEQ);
    account->steps = ACCOUNT_STEPS - 1;
    account->has_floor = !pg_is_null(row, 0, FLOOR);
    if (account->has_floor && !read_money(row, FLOOR, &account->floor))
        return fail(f, "floor of account", row);
    if (!pg_is_null(row, 0, METADATA))
        account->metadata = strdup(pg_text(row, 0, METADATA));
    return read_money(row, BALANCE, &account->balance) || fail(f, "balance of account", row);
}

static bool take_position(const struct pg_result *row, void *arg)
{
    struct folding *f = arg;
    f->fold->checkpoint = (uint64_t)pg_number(row, 0, 0);
    f->fold->seq = (uint64_t)pg_number(row, 0, 1);
    f->fold->at_us = pg_number(row, 0, 2);
    f->tail = (uint64_t)pg_number(row, 0, 3);
    if (f->fold->seq < f->fold->checkpoint || f->tail != f->fold->seq - f->fold->checkpoint)
        return fail(f, "entries are missing after position", row);
    return true;
}

/* One posting of the tail. What the row says must be what the rules make of it. */
static bool take_posting(const struct pg_result *row, void *arg)
{
    enum { SEQ, FROM, TO, AMOUNT, FROM_AFTER, TO_AFTER };
    struct folding *f = arg;
    if (failpoint("fold.posting"))
        return fail(f, "failpoint at", row);
    struct posting posting = {
        .from = account_by_number(f->accounts, (uint64_t)pg_number(row, 0, FROM)),
        .to = account_by_number(f->accounts, (uint64_t)pg_number(row, 0, TO)),
    };
    money from_after, to_after;
    if (!posting.from || !posting.to || !read_money(row, AMOUNT, &posting.amount) ||
        !read_money(row, FROM_AFTER, &from_after) || !read_money(row, TO_AFTER, &to_after))
        return fail(f, "posting at", row);
    if (!money_add(posting.from->balance, -posting.amount, &posting.from_after) ||
        !money_add(posting.to->balance, posting.amount, &posting.to_after) ||
        posting.from_after != from_after || posting.to_after != to_after)
        return fail(f, "balance after posting at", row);
    rules_apply(&posting, 1, (uint64_t)pg_number(row, 0, SEQ));
    return true;
}

static bool take_key(const struct pg_result *row, void *arg)
{
    struct folding *f = arg;
    if (keys_restore(f->keys, pg_text(row, 0, 0)))
        return true;
    snprintf(f->error, f->size, "out of memory for keys");
    return false;
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

static bool each(struct context *context, struct store *store, struct folding *f, const char *query,
    bool (*take)(const struct pg_result *row, void *arg))
{
    char ledger[16];
    snprintf(ledger, sizeof ledger, "%d", store->ledger);
    *f->error = '\0';
    enum pg_status status = pg_each(context, store->writer, query, ledger, take, f);
    if (status != PG_OK && !*f->error)
        snprintf(f->error, f->size, "%s", pg_message(store->writer));
    return status == PG_OK;
}

bool fold_journal(struct context *context, struct store *store, struct account_table *accounts,
    struct keys *keys, struct fold *fold, char *error, size_t size)
{
    struct folding f = {
        .accounts = accounts, .keys = keys, .fold = fold, .error = error, .size = size};
    *fold = (struct fold){0};
    return each(context, store, &f,
               "SELECT a.id, a.no, a.asset, a.floor, a.opened, a.metadata,"
               " coalesce(b.balance, 0), greatest(a.opened, b.seq) FROM account a"
               " LEFT JOIN balance b ON b.ledger = a.ledger AND b.account = a.no"
               " WHERE a.ledger = $1 ORDER BY a.no",
               take_account) &&
           each(context, store, &f,
               "SELECT c.seq, coalesce(max(e.seq), c.seq),"
               " (extract(epoch FROM coalesce(max(e.at), (SELECT max(o.at) FROM entry o"
               "   WHERE o.ledger = c.ledger AND o.seq = c.seq), 'epoch')) * 1000000)::bigint,"
               " count(e.seq) FROM checkpoint c LEFT JOIN entry e"
               " ON e.ledger = c.ledger AND e.seq > c.seq WHERE c.ledger = $1"
               " GROUP BY c.ledger, c.seq",
               take_position) &&
           each(context, store, &f,
               "SELECT p.seq, p.from_no, p.to_no, p.amount, p.from_after, p.to_after FROM posting p"
               " JOIN checkpoint c ON c.ledger = p.ledger AND p.seq > c.seq WHERE p.ledger = $1"
               " ORDER BY p.seq, p.leg",
               take_posting) &&
           each(context, store, &f, "SELECT key FROM entry WHERE ledger = $1 AND key IS NOT NULL",
               take_key) &&
           floors_hold(&f);
}
