/* SPDX-License-Identifier: MIT */
/*
 * The rules of a transfer. No locks, no clock, no database: just accounts and postings. Called
 * inside a section of the strategy, so the accounts hold still.
 */
#ifndef LEDGER_RULES_H
#define LEDGER_RULES_H

#include "ledger/account.h"
#include "ledger/entry.h"

/*
 * May these postings happen, all of them? Changes nothing that counts; on LEDGER_OK the postings'
 * from_after, to_after, from_prev and to_prev are filled in. Otherwise the first broken rule in the
 * order of status.h, and in *broken the account that it is about.
 *
 * The floor is held to the balance after all postings, the range to the balance after each.
 */
MUST_CHECK enum ledger_status rules_decide(
    struct posting *postings, size_t count, struct account **broken);

/* Carry out what rules_decide() has allowed, as the entry `seq`: cannot fail. */
void rules_apply(const struct posting *postings, size_t count, uint64_t seq);

#endif
