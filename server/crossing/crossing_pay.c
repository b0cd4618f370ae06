/* SPDX-License-Identifier: MIT */
/* The second step, in the ledger that is paid: by the server that has it. */
#include <string.h>

#include "ledger/domain/clearing.h"
#include "server/crossing/crossing_private.h"

enum ledger_status crossing_open_clearing(
    struct co_context *context, struct ledger *ledger, const char *other, const char *asset)
{
    char id[CLEARING_TEXT];
    struct ledger_account account;
    uint64_t seq;
    bool opened;
    clearing_id(other, asset, id);
    const struct ledger_open_account request = {.id = id, .asset = asset, .clears = true};
    enum ledger_status status = ledger_is_open(ledger, &request);
    return status == LEDGER_ACCOUNT_NOT_FOUND
               ? ledger_open_account(context, ledger, &request, &account, &opened, &seq)
               : status;
}

/* A transfer leaves ACCOUNT_NOT_FOUND open: it might happen yet. As a batch with the same key it is
 * an answer that stays; whichever of the two has the key, the other one is told so. */
static void pay_in_batch(struct co_context *context, struct ledger *to,
    const struct ledger_transfer *transfer, struct ledger_outcome *outcome)
{
    struct ledger_transfer item = *transfer;
    struct ledger_outcome whole;
    item.key = NULL;
    const struct ledger_batch batch = {.key = transfer->key, .transfers = &item, .count = 1};
    ledger_keyed_batch(context, to, &batch, outcome, &whole);
    if (whole.status != LEDGER_OK)
        *outcome = (struct ledger_outcome){.status = whole.status};
}

/* False: it is not known, and to be asked again. */
static bool pay_into(struct co_context *context, struct ledger *to,
    const struct ledger_transfer *transfer, struct ledger_outcome *outcome)
{
    bool in_batch = false;
    /* KEY_REUSED by the one means that the other knows. */
    for (int tries = 0; tries < 3; tries++) {
        if (in_batch)
            pay_in_batch(context, to, transfer, outcome);
        else
            ledger_transfer(context, to, transfer, outcome);
        if (outcome->status == LEDGER_OK || status_is_rejection(outcome->status))
            return true;
        if (outcome->status == LEDGER_ACCOUNT_NOT_FOUND && in_batch)
            return true;
        if (outcome->status != LEDGER_ACCOUNT_NOT_FOUND && outcome->status != LEDGER_KEY_REUSED)
            return false;
        in_batch = !in_batch;
    }
    return false;
}

/* The id of the clearing account is somebody else's, and always will be: nobody is paid from that.
 * TRANSFER_NOT_FOUND: that is the answer. OK: the key has one from before this was looked at. */
static enum ledger_status refuse_taken(struct co_context *context, struct ledger *to,
    const char *key, const char *clearing, struct arena *arena, struct crossing_end_told *told)
{
    struct entry *first = NULL;
    uint64_t seq;
    enum ledger_status status = ledger_entry_by_key(context, to, key, &first, &seq);
    if (first)
        entry_drop(&first);
    if (status == LEDGER_TRANSFER_NOT_FOUND)
        *told = (struct crossing_end_told){.status = LEDGER_ACCOUNT_EXISTS,
            .account = arena_copy(arena, clearing, strlen(clearing)),
            .seq = seq};
    return arena->is_short ? LEDGER_OVERLOADED : status;
}

enum ledger_status crossing_pay(struct co_context *context, struct ledger *to,
    const struct crossing *crossing, uint64_t hold, struct arena *arena,
    struct crossing_end_told *told)
{
    char key[CROSSING_KEY], clearing[CLEARING_TEXT];
    struct ledger_outcome outcome = {.entry = NULL};
    crossing_key(key, crossing->from.ledger, crossing->key, 2);
    clearing_id(crossing->from.ledger, crossing->asset, clearing);
    enum ledger_status status =
        crossing_open_clearing(context, to, crossing->from.ledger, crossing->asset);
    if (status == LEDGER_ACCOUNT_EXISTS) {
        status = refuse_taken(context, to, key, clearing, arena, told);
        if (status == LEDGER_TRANSFER_NOT_FOUND)
            return LEDGER_OK;
    }
    /* If it cannot be opened for good the transfer finds no such account, and keeps that answer. */
    if (status != LEDGER_OK && status != LEDGER_ACCOUNT_LIMIT)
        return status;

    const struct ledger_leg leg = {clearing, crossing->to.account, crossing->amount};
    const struct ledger_transfer transfer = {.key = key,
        .metadata = crossing_text_of_payment(arena, crossing, hold),
        .legs = &leg,
        .leg_count = 1,
        .clears = true};
    bool known = !arena->is_short && pay_into(context, to, &transfer, &outcome);
    if (known)
        *told = (struct crossing_end_told){.status = outcome.status,
            .account = outcome.account ? arena_copy(arena, outcome.account, strlen(outcome.account))
                                       : NULL,
            .seq = outcome.entry ? outcome.entry->seq : outcome.seq};
    if (outcome.entry)
        entry_drop(&outcome.entry);
    return known ? LEDGER_OK : LEDGER_OUTCOME_UNKNOWN;
}
