/* SPDX-License-Identifier: MIT */
/* The ledger's functions that change something: ledger_moves.h, and opening an account. */
#include <string.h>

#include "ledger/bank/bank_name.h"
#include "ledger/bank/banks_elsewhere.h"
#include "tests/fuzz/standin_private.h"

enum { SEQ = 7 };

/* What is asked for a second time is done; else by the text. */
static void answer(struct ledger_outcome *outcome, enum entry_kind kind, const char *key,
    const char *metadata, const struct ledger_leg *legs, size_t count)
{
    enum ledger_status status = standin_status(key ? key : legs[0].from);
    *outcome = (struct ledger_outcome){
        .status = status, .seq = SEQ, .replayed = key && key[0] == 'r', .available = 5};
    if (status == LEDGER_OK) {
        outcome->entry = standin_entry(kind, SEQ, key, metadata, legs, count);
    } else if (status_is_rejection(status) && key) {
        outcome->entry = standin_entry(ENTRY_REJECTED, SEQ, key, metadata, legs, count);
        outcome->entry->code = status;
        outcome->entry->account = outcome->entry->postings[0].from;
    } else {
        outcome->account = legs[0].from;
    }
}

static void check_transfer(const struct ledger_transfer *transfer)
{
    standin_check_key(transfer->key);
    standin_check_metadata(transfer->metadata);
    co_ensure(transfer->leg_count >= 1 && transfer->leg_count <= ENTRY_POSTINGS_MAX);
    for (size_t i = 0; i < transfer->leg_count; i++) {
        standin_check_account(transfer->legs[i].from);
        standin_check_account(transfer->legs[i].to);
        standin_check_amount(transfer->legs[i].amount);
    }
}

static void answer_transfer(const struct ledger_transfer *transfer, struct ledger_outcome *outcome)
{
    check_transfer(transfer);
    answer(outcome, ENTRY_TRANSFER, transfer->key, transfer->metadata, transfer->legs,
        transfer->leg_count);
}

void ledger_transfer(struct co_context *context, struct ledger *ledger,
    const struct ledger_transfer *transfer, struct ledger_outcome *outcome)
{
    (void)context, (void)ledger;
    answer_transfer(transfer, outcome);
}

void ledger_transfer_batch(struct co_context *context, struct ledger *ledger, bool atomic,
    const struct ledger_transfer *transfers, size_t count, struct ledger_outcome *outcomes)
{
    (void)context, (void)ledger, (void)atomic;
    co_ensure(count >= 1 && count <= LEDGER_BATCH_MAX);
    for (size_t i = 0; i < count; i++)
        answer_transfer(&transfers[i], &outcomes[i]);
}

void ledger_keyed_batch(struct co_context *context, struct ledger *ledger,
    const struct ledger_batch *batch, struct ledger_outcome *outcomes, struct ledger_outcome *whole)
{
    co_ensure(batch->key);
    standin_check_key(batch->key);
    ledger_transfer_batch(context, ledger, batch->atomic, batch->transfers, batch->count, outcomes);
    *whole = (struct ledger_outcome){.seq = SEQ, .replayed = batch->key[0] == 'r'};
}

void ledger_reverse(struct co_context *context, struct ledger *ledger,
    const struct ledger_reversal *reversal, struct ledger_outcome *outcome)
{
    const struct ledger_leg leg = {.from = "b", .to = "a", .amount = 1};
    (void)context, (void)ledger;
    standin_check_key(reversal->key);
    standin_check_metadata(reversal->metadata);
    co_ensure(reversal->transfer >= 1 && reversal->transfer <= INT64_MAX);
    answer(outcome, ENTRY_REVERSAL, reversal->key, reversal->metadata, &leg, 1);
}

void ledger_hold(struct co_context *context, struct ledger *ledger, const struct ledger_hold *hold,
    struct ledger_outcome *outcome)
{
    const struct ledger_leg leg = {.from = hold->from, .to = hold->to, .amount = hold->amount};
    (void)context, (void)ledger;
    standin_check_key(hold->key);
    standin_check_metadata(hold->metadata);
    standin_check_account(hold->from);
    standin_check_account(hold->to);
    standin_check_amount(hold->amount);
    co_ensure(hold->expires_in_s >= 0 && hold->expires_in_s <= LEDGER_HOLD_MAX_S);
    answer(outcome, ENTRY_HOLD, hold->key, hold->metadata, &leg, 1);
    if (outcome->status == LEDGER_OK)
        outcome->entry->expires_us = hold->expires_in_s * 1000000;
}

void ledger_settle(struct co_context *context, struct ledger *ledger,
    const struct ledger_settlement *settlement, struct ledger_outcome *outcome)
{
    const struct ledger_leg leg = {.from = "a", .to = "b", .amount = 1};
    (void)context, (void)ledger;
    standin_check_key(settlement->key);
    standin_check_metadata(settlement->metadata);
    co_ensure(settlement->hold >= 1 && settlement->hold <= INT64_MAX);
    co_ensure(settlement->amount >= 0 && settlement->amount <= money_max());
    answer(outcome, settlement->capture ? ENTRY_CAPTURE : ENTRY_RELEASE, settlement->key,
        settlement->metadata, &leg, 1);
    if (outcome->status == LEDGER_OK)
        outcome->entry->ref = settlement->hold;
}

enum ledger_status ledger_freeze(struct co_context *context, struct ledger *ledger, const char *id,
    bool frozen, struct ledger_account *account, uint64_t *seq)
{
    (void)context, (void)ledger;
    *seq = SEQ;
    if (id)
        standin_account(id, account);
    if (id)
        account->frozen = frozen;
    return standin_status(id);
}

bool banks_audit(struct co_context *context, struct banks *banks, const char *ledger,
    struct audit_report *report)
{
    (void)context, (void)banks, (void)report;
    co_ensure(bank_name_is_valid(ledger));
    return true;
}

enum ledger_status ledger_is_open(struct ledger *ledger, const struct ledger_open_account *request)
{
    (void)ledger;
    standin_check_account(request->id);
    return standin_status(request->id);
}

enum ledger_status ledger_open_account(struct co_context *context, struct ledger *ledger,
    const struct ledger_open_account *request, struct ledger_account *account, bool *opened,
    uint64_t *seq)
{
    (void)context, (void)ledger;
    co_ensure(account_id_is_free(request->id) && asset_is_valid(request->asset));
    standin_check_metadata(request->metadata);
    co_ensure(request->floor <= 0 && request->floor >= -money_max());
    standin_account(request->id, account);
    strcpy(account->asset, request->asset);
    account->metadata = request->metadata;
    if (request->metadata)
        (void)request->means_same(request->metadata, request->metadata);
    *opened = request->has_floor;
    *seq = SEQ;
    return standin_status(request->id);
}
