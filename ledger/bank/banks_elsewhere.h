/* SPDX-License-Identifier: MIT */
/* What the database says of a ledger, whichever server has it: what is durable there. All but
 * freeing parks. UNAVAILABLE: the database could not be asked. */
#ifndef LEDGER_BANK_BANKS_ELSEWHERE_H
#define LEDGER_BANK_BANKS_ELSEWHERE_H

#include "coro/context.h"
#include "ledger/bank/banks.h"

/* Could `id` be paid by way of the account `by`, which has no metadata, and is opened if need be?
 * OK; ACCOUNT_NOT_FOUND: `id` is not open; ACCOUNT_EXISTS, ACCOUNT_LIMIT: of `by`, as
 * ledger_open_account(); LEDGER_NOT_FOUND, UNAVAILABLE. */
enum ledger_status banks_elsewhere_payee(struct co_context *context, struct banks *banks,
    const char *ledger, const char *id, const struct ledger_open_account *by);

/* The hold at that position, settled or not: its texts are the caller's to free, whatever is
 * returned. OK, HOLD_NOT_FOUND, LEDGER_NOT_FOUND, UNAVAILABLE; OVERLOADED: memory is short. */
struct banks_elsewhere {
    char *key, *metadata; /* "": none */
};
enum ledger_status banks_elsewhere_hold(struct co_context *context, struct banks *banks,
    const char *ledger, uint64_t seq, struct banks_elsewhere *hold);
void banks_elsewhere_free(struct banks_elsewhere *hold);

/* Compare its clearing accounts with those of ledgers in other databases (audit_apart.h): the part
 * of a whole audit that ledger_audit() does not do, after it. */
struct audit_report;
CO_MUST_CHECK bool banks_audit(struct co_context *context, struct banks *banks, const char *ledger,
    struct audit_report *report);

#endif
