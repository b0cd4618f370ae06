/* SPDX-License-Identifier: MIT */
/*
 * The rules of money. No locks, no clock, no database: just accounts and postings. Called inside a
 * section of the strategy, so the accounts hold still.
 *
 * The way of an entry that moves money: rules_begin(), rules_decide(), rules_link(), the journal
 * gives the position, rules_apply(). Several entries may be begun together and decided one after
 * the other; each sees what those before it would do.
 */
#ifndef LEDGER_DOMAIN_RULES_H
#define LEDGER_DOMAIN_RULES_H

#include "ledger/domain/account.h"
#include "ledger/domain/entry.h"

/* Start the drafts of these postings' accounts at their balances. */
void rules_begin(const struct posting *postings, size_t count);

/*
 * May these postings happen, all of them, on top of the drafts? Changes nothing else; on LEDGER_OK
 * the postings' from_after and to_after are filled in. Otherwise the first broken rule in the order
 * of status.h, and in *broken the account that it is about (NULL: the ledger). `frozen`: the whole
 * ledger is.
 *
 * The floor is held to the balance after all postings, less what is held; the range to the balance
 * after each.
 */
CO_MUST_CHECK enum ledger_status rules_decide(
    struct posting *postings, size_t count, bool frozen, struct account **broken);

/* Point the postings at what moved their accounts before, and mark waypoints (account.h). */
void rules_link(struct posting *postings, size_t count);

/* Take the link of one posting back: it is not carried out after all. */
void rules_unlink(const struct posting *posting);

/* Carry out what was decided and linked, as the entry `seq`: cannot fail. */
void rules_apply(const struct posting *postings, size_t count, uint64_t seq);

/* May the posting's amount be reserved on its `from`? *broken as above. */
CO_MUST_CHECK enum ledger_status rules_decide_hold(
    const struct posting *posting, bool frozen, struct account **broken);

/* May a hold of `reserved` on the posting's `from` end in this posting? As rules_decide(), and
 * CAPTURE_EXCEEDS_HOLD if it is more than that. */
CO_MUST_CHECK enum ledger_status rules_decide_capture(
    struct posting *posting, money reserved, bool frozen, struct account **broken);

/* Reserve an amount on the account, or (negative) free one: as the entry `seq`; cannot fail after
 * the decision. */
void rules_reserve(struct account *account, money amount, uint64_t seq);

#endif
