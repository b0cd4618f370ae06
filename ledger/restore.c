/* SPDX-License-Identifier: MIT */
#include "ledger/restore.h"

#include <stdio.h>
#include <stdlib.h>

struct restoring {
    struct account_table *accounts;
    struct holds *holds;
    _Atomic bool *frozen;
    _Atomic uint64_t *froze;
    char *error;
    size_t size;
};

static bool fail(struct restoring *r, const char *what, const struct pg_result *row)
{
    snprintf(r->error, r->size, "the journal contradicts itself: %s %s", what, pg_text(row, 0, 0));
    return false;
}

static bool each(struct context *context, struct store *store, struct restoring *r,
    const char *query, bool (*take)(const struct pg_result *row, void *arg))
{
    char ledger[16];
    snprintf(ledger, sizeof ledger, "%d", store->ledger);
    *r->error = '\0';
    enum pg_status status = pg_each(context, store->writer, query, ledger, take, r);
    if (status != PG_OK && !*r->error)
        snprintf(r->error, r->size, "%s", pg_message(store->writer));
    return status == PG_OK;
}

static void touch(struct account *account, uint64_t seq)
{
    account->seq = account->seq < seq ? seq : account->seq;
}

/* ---- holds --------------------------------------------------------------------------------- */

static bool take_hold(const struct pg_result *row, void *arg)
{
    enum { SEQ, FROM, TO, AMOUNT, EXPIRES };
    struct restoring *r = arg;
    struct account *from = account_by_number(r->accounts, (uint64_t)pg_number(row, 0, FROM));
    struct account *to = account_by_number(r->accounts, (uint64_t)pg_number(row, 0, TO));
    money amount;
    if (!from || !to ||
        !money_parse(pg_text(row, 0, AMOUNT), pg_length(row, 0, AMOUNT), false, &amount))
        return fail(r, "hold", row);
    struct hold *hold = holds_room(r->holds);
    if (!hold) {
        snprintf(r->error, r->size, "out of memory for holds");
        return false;
    }
    *hold = (struct hold){.seq = (uint64_t)pg_number(row, 0, SEQ),
        .from = from,
        .to = to,
        .amount = amount,
        .expires_us = pg_number(row, 0, EXPIRES)};
    holds_add(r->holds, hold);
    return money_add(from->held, amount, &from->held) || fail(r, "hold", row);
}

static bool take_held(const struct pg_result *row, void *arg)
{
    enum { ACCOUNT, SEQ, HELD };
    struct restoring *r = arg;
    struct account *account = account_by_number(r->accounts, (uint64_t)pg_number(row, 0, ACCOUNT));
    money held;
    if (!account || !money_parse(pg_text(row, 0, HELD), pg_length(row, 0, HELD), false, &held) ||
        held != account->held)
        return fail(r, "what is held of account", row);
    touch(account, (uint64_t)pg_number(row, 0, SEQ));
    return true;
}

bool restore_holds(struct context *context, struct store *store, struct account_table *accounts,
    struct holds *holds, char *error, size_t size)
{
    struct restoring r = {.accounts = accounts, .holds = holds, .error = error, .size = size};
    return each(context, store, &r,
               "SELECT h.seq, h.from_no, h.to_no, h.amount,"
               " (extract(epoch FROM h.expires_at) * 1000000)::bigint FROM hold h"
               " WHERE h.ledger = $1 AND NOT EXISTS (SELECT FROM entry e"
               " WHERE e.ledger = h.ledger AND e.ref = h.seq AND e.kind IN (5, 6, 7))",
               take_hold) &&
           each(context, store, &r,
               "SELECT DISTINCT ON (account) account, seq, held FROM held WHERE ledger = $1"
               " ORDER BY account DESC, seq DESC",
               take_held);
}

/* ---- what is frozen ------------------------------------------------------------------------ */

static bool take_frozen(const struct pg_result *row, void *arg)
{
    enum { ACCOUNT, SEQ, FROZEN };
    struct restoring *r = arg;
    uint64_t seq = (uint64_t)pg_number(row, 0, SEQ);
    bool frozen = *pg_text(row, 0, FROZEN) == 't';
    if (pg_is_null(row, 0, ACCOUNT)) {
        atomic_store(r->frozen, frozen);
        atomic_store(r->froze, seq);
        return true;
    }
    struct account *account = account_by_number(r->accounts, (uint64_t)pg_number(row, 0, ACCOUNT));
    if (!account)
        return fail(r, "frozen account", row);
    account->frozen = frozen;
    touch(account, seq);
    return true;
}

bool restore_frozen(struct context *context, struct store *store, struct account_table *accounts,
    _Atomic bool *frozen, _Atomic uint64_t *froze, char *error, size_t size)
{
    struct restoring r = {
        .accounts = accounts, .frozen = frozen, .froze = froze, .error = error, .size = size};
    return each(context, store, &r,
        "SELECT DISTINCT ON (account) account, seq, kind = 9 FROM entry"
        " WHERE ledger = $1 AND kind IN (9, 10) ORDER BY account DESC, seq DESC",
        take_frozen);
}
