/* SPDX-License-Identifier: MIT */
/*
 * Ladder first, then mutation: rules_decide() works on a draft of each account's balance, and only
 * rules_apply() changes the balance itself.
 */
#include "ledger/rules.h"

#include <string.h>

static enum ledger_status check_accounts(
    const struct posting *postings, size_t count, struct account **broken)
{
    for (size_t i = 0; i < count; i++)
        if ((*broken = postings[i].from) == postings[i].to)
            return LEDGER_SAME_ACCOUNT;
    for (size_t i = 0; i < count; i++) {
        *broken = postings[i].to;
        if (strcmp(postings[i].from->asset, postings[i].to->asset) != 0)
            return LEDGER_ASSET_MISMATCH;
    }
    for (size_t i = 0; i < count; i++) {
        if ((*broken = postings[i].from)->frozen)
            return LEDGER_ACCOUNT_FROZEN;
        if ((*broken = postings[i].to)->frozen)
            return LEDGER_ACCOUNT_FROZEN;
    }
    *broken = NULL;
    return LEDGER_OK;
}

static void start_drafts(const struct posting *postings, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        postings[i].from->draft = postings[i].from->balance;
        postings[i].to->draft = postings[i].to->balance;
    }
}

/* Move one posting between the drafts; the account whose balance would leave the range, or NULL. */
static struct account *draft_posting(struct posting *posting)
{
    struct account *from = posting->from, *to = posting->to;
    if (!money_add(from->draft, -posting->amount, &from->draft))
        return from;
    if (!money_add(to->draft, posting->amount, &to->draft))
        return to;
    posting->from_after = from->draft;
    posting->to_after = to->draft;
    posting->from_prev = from->seq;
    posting->to_prev = to->seq;
    return NULL;
}

enum ledger_status rules_decide(struct posting *postings, size_t count, struct account **broken)
{
    enum ledger_status status = check_accounts(postings, count, broken);
    if (status != LEDGER_OK)
        return status;
    struct account *beyond = NULL;
    start_drafts(postings, count);
    for (size_t i = 0; i < count && !beyond; i++)
        beyond = draft_posting(&postings[i]);
    if (beyond && beyond->has_floor && beyond->draft <= 0) { /* fell out at the lower end */
        *broken = beyond;
        return LEDGER_INSUFFICIENT_FUNDS;
    }
    for (size_t i = 0; i < count; i++) {
        const struct account *from = *broken = postings[i].from;
        if (from->has_floor && from->draft < from->floor)
            return LEDGER_INSUFFICIENT_FUNDS;
    }
    *broken = beyond;
    return beyond ? LEDGER_AMOUNT_OUT_OF_RANGE : LEDGER_OK;
}

void rules_apply(const struct posting *postings, size_t count, uint64_t seq)
{
    for (size_t i = 0; i < count; i++) {
        struct account *from = postings[i].from, *to = postings[i].to;
        from->balance = postings[i].from_after;
        to->balance = postings[i].to_after;
        from->seq = to->seq = seq;
    }
}
