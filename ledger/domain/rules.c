/* SPDX-License-Identifier: MIT */
/*
 * Ladder first, then mutation: what decides works on a draft of each account's balance, and only
 * rules_apply() and rules_reserve() change the account itself.
 *
 * For each account with a floor: floor + held <= balance, after every entry. Both sides are within
 * +-(10^38 - 1): floor <= 0 <= held.
 */
#include "ledger/domain/rules.h"

#include <string.h>

/* Rung by rung over all postings, so that it does not depend on their order which refusal is
 * told. */
static enum ledger_status check_accounts(
    const struct posting *postings, size_t count, bool frozen, struct account **broken)
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
    return frozen ? LEDGER_ACCOUNT_FROZEN : LEDGER_OK;
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
    return NULL;
}

void rules_begin(const struct posting *postings, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        postings[i].from->draft = postings[i].from->balance;
        postings[i].to->draft = postings[i].to->balance;
    }
}

enum ledger_status rules_decide(
    struct posting *postings, size_t count, bool frozen, struct account **broken)
{
    enum ledger_status status = check_accounts(postings, count, frozen, broken);
    if (status != LEDGER_OK)
        return status;
    /* All postings before any floor: what an account gets here, it may give here. */
    struct account *beyond = NULL;
    for (size_t i = 0; i < count && !beyond; i++)
        beyond = draft_posting(&postings[i]);
    if (beyond && beyond->has_floor && beyond->draft <= 0) { /* fell out at the lower end */
        *broken = beyond;
        return LEDGER_INSUFFICIENT_FUNDS;
    }
    for (size_t i = 0; i < count; i++) {
        const struct account *from = *broken = postings[i].from;
        if (from->has_floor && from->draft < from->floor + from->held)
            return LEDGER_INSUFFICIENT_FUNDS;
    }
    *broken = beyond;
    return beyond ? LEDGER_AMOUNT_OUT_OF_RANGE : LEDGER_OK;
}

/* One more movement of the account. True: it is a waypoint. The counter stays at the top until
 * rules_apply(), so an entry is a waypoint of an account at most once. */
static bool step(struct account *account)
{
    if (account->steps == ACCOUNT_STEPS)
        return false;
    return ++account->steps == ACCOUNT_STEPS;
}

void rules_link(struct posting *postings, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct posting *posting = &postings[i];
        posting->from_prev = posting->from->moved;
        posting->to_prev = posting->to->moved;
        posting->from_waypoint = step(posting->from);
        posting->to_waypoint = step(posting->to);
    }
}

/* The entry was not appended after all. */
void rules_unlink(const struct posting *posting)
{
    posting->from->steps--;
    posting->to->steps--;
}

static void apply(struct account *account, money balance, uint64_t seq)
{
    account->balance = balance;
    account->seq = account->moved = seq;
    if (account->steps == ACCOUNT_STEPS)
        account->steps = 0;
}

void rules_apply(const struct posting *postings, size_t count, uint64_t seq)
{
    for (size_t i = 0; i < count; i++) {
        apply(postings[i].from, postings[i].from_after, seq);
        apply(postings[i].to, postings[i].to_after, seq);
    }
}

enum ledger_status rules_decide_hold(
    const struct posting *posting, bool frozen, struct account **broken)
{
    enum ledger_status status = check_accounts(posting, 1, frozen, broken);
    money held;
    if (status != LEDGER_OK)
        return status;
    struct account *from = *broken = posting->from;
    if (posting->amount > account_available(from))
        return LEDGER_INSUFFICIENT_FUNDS;
    if (!money_add(from->held, posting->amount, &held))
        return LEDGER_AMOUNT_OUT_OF_RANGE;
    *broken = NULL;
    return LEDGER_OK;
}

enum ledger_status rules_decide_capture(
    struct posting *posting, money reserved, bool frozen, struct account **broken)
{
    struct account *from = posting->from;
    co_ensure(reserved <= from->held);
    enum ledger_status status = check_accounts(posting, 1, frozen, broken);
    if (status != LEDGER_OK)
        return status;
    if (posting->amount > reserved) {
        *broken = from;
        return LEDGER_CAPTURE_EXCEEDS_HOLD;
    }
    /* What was reserved may be spent now: judged as if it were free. */
    from->held -= reserved;
    rules_begin(posting, 1);
    status = rules_decide(posting, 1, frozen, broken);
    from->held += reserved;
    return status;
}

void rules_reserve(struct account *account, money amount, uint64_t seq)
{
    /* The bounds were checked when it was decided. */
    bool good = money_add(account->held, amount, &account->held);
    co_ensure(good && account->held >= 0);
    account->seq = seq;
}
