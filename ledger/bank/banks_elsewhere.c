/* SPDX-License-Identifier: MIT */
#include "ledger/bank/banks_elsewhere.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/audit/audit_apart.h"
#include "ledger/bank/bank_private.h"
#include "ledger/bank/banks_private.h"
#include "ledger/db/readers.h"
#include "ledger/db/sql_kind.h"
#include "ledger/memory/account_table.h"

/* values[0] becomes the ledger's number. One row or none; *rows is the caller's to free. */
static enum ledger_status ask(struct co_context *context, struct banks *banks, const char *ledger,
    const struct pg_statement *statement, const char *values[], struct pg_result **rows)
{
    char number[16];
    size_t home;
    if (!banks_home(banks, ledger, &home))
        return LEDGER_LEDGER_NOT_FOUND;
    struct bank *bank = banks_at(banks, home);
    struct bank_slot *slot = bank_slot_find(bank, ledger);
    snprintf(number, sizeof number, "%d", slot->number);
    values[0] = number;
    return readers_run(context, bank->readers, statement, values, rows) == PG_OK
               ? LEDGER_OK
               : LEDGER_UNAVAILABLE;
}

enum ledger_status banks_elsewhere_payee(struct co_context *context, struct banks *banks,
    const char *ledger, const char *id, const struct ledger_open_account *by)
{
    enum { HAS_ID, HAS_BY, BY_IS_OTHER, COUNT };
    static const struct pg_statement statement = {4,
        "SELECT EXISTS (SELECT FROM account WHERE ledger = $1::int AND id = $2)::int,"
        " count(b.id), coalesce(bool_or(b.asset <> $4 OR b.floor IS NOT NULL), false)::int,"
        " (SELECT max(no) FROM account WHERE ledger = $1::int)"
        " FROM account b WHERE b.ledger = $1::int AND b.id = $3"};
    const char *values[] = {NULL, id, by->id, by->asset};
    struct pg_result *rows = NULL;
    enum ledger_status status = ask(context, banks, ledger, &statement, values, &rows);
    if (status == LEDGER_OK && !pg_number(rows, 0, HAS_ID))
        status = LEDGER_ACCOUNT_NOT_FOUND;
    else if (status == LEDGER_OK && pg_number(rows, 0, BY_IS_OTHER))
        status = LEDGER_ACCOUNT_EXISTS;
    else if (status == LEDGER_OK && !pg_number(rows, 0, HAS_BY) &&
             pg_number(rows, 0, COUNT) >= ACCOUNT_TABLE_MAX)
        status = LEDGER_ACCOUNT_LIMIT;
    pg_free(&rows);
    return status;
}

enum ledger_status banks_elsewhere_hold(struct co_context *context, struct banks *banks,
    const char *ledger, uint64_t seq, struct banks_elsewhere *hold)
{
    static const struct pg_statement statement = {2,
        "SELECT key, metadata FROM entry WHERE ledger = $1::int AND seq = $2::bigint"
        " AND kind = " SQL_KIND(HOLD)};
    char position[24];
    const char *values[] = {NULL, position};
    struct pg_result *rows = NULL;
    *hold = (struct banks_elsewhere){.key = NULL};
    snprintf(position, sizeof position, "%lu", seq);
    enum ledger_status status = ask(context, banks, ledger, &statement, values, &rows);
    if (status == LEDGER_OK && pg_rows(rows) == 0) {
        status = LEDGER_HOLD_NOT_FOUND;
    } else if (status == LEDGER_OK) {
        hold->key = strdup(pg_text(rows, 0, 0));
        hold->metadata = strdup(pg_text(rows, 0, 1));
        if (!hold->key || !hold->metadata)
            status = LEDGER_OVERLOADED;
    }
    pg_free(&rows);
    return status;
}

void banks_elsewhere_free(struct banks_elsewhere *hold)
{
    free(hold->key);
    free(hold->metadata);
    *hold = (struct banks_elsewhere){.key = NULL};
}

bool banks_audit(struct co_context *context, struct banks *banks, const char *ledger,
    struct audit_report *report)
{
    _Static_assert((int)AUDIT_APART_MAX >= DATABASE_LIST_MAX, "each has a row");
    struct audit_apart databases = {.count = banks->count, .role = PG_APP_ROLE};
    (void)banks_home(banks, ledger, &databases.home);
    for (size_t i = 0; i < banks->count; i++)
        databases.rows[i] =
            (struct audit_apart_row){banks->branches[i].name, banks->branches[i].conninfo};
    return audit_apart(context, &databases, ledger, report);
}
