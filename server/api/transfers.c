/* SPDX-License-Identifier: MIT */
#include "server/api/transfers.h"

#include <string.h>

#include "server/api/moves.h"
#include "server/api/render.h"
#include "server/api/sight.h"

static void answer_done(struct call *call, const struct entry *entry)
{
    struct json_out out;
    json_out_begin(&out, call->arena);
    render_transfer(&out, entry);
    call_created(call, &out, entry->seq, call_path_to(call, "transfers", entry->seq));
}

static void answer_outcome(struct call *call, const char *key, struct ledger_outcome *outcome)
{
    call->stages.ledger = outcome->stages;
    if (outcome->status == LEDGER_OK)
        answer_done(call, outcome->entry);
    else
        call_refuse_outcome(call, key, outcome);
    call->replayed = outcome->replayed;
    /* A rejection recorded in the journal comes with its entry, too. */
    if (outcome->entry)
        entry_drop(&outcome->entry);
}

static void carry_out(struct call *call, const struct ledger_transfer *transfer)
{
    struct ledger_outcome outcome;
    body_forget(call);
    ledger_transfer(call_context(call), call->ledger, transfer, &outcome);
    answer_outcome(call, transfer->key, &outcome);
}

void transfers_post(struct call *call)
{
    struct ledger_transfer transfer = {.key = NULL};
    if (moves_read_transfer(call, &transfer))
        carry_out(call, &transfer);
}

void transfers_reverse(struct call *call)
{
    struct ledger_reversal reversal = {.key = NULL};
    struct ledger_outcome outcome;
    struct body body;
    if (!call_position(call, &reversal.transfer) ||
        !moves_read(call, BODY_HAS_METADATA, &reversal.key, &body) ||
        !body_metadata(call, &body, &reversal.metadata, &reversal.meaning) ||
        !sight_of(call, reversal.transfer, LEDGER_TRANSFER_NOT_FOUND))
        return;
    /* Which money goes back is in the journal, so no amount is asked for. */
    ledger_reverse(call_context(call), call->ledger, &reversal, &outcome);
    answer_outcome(call, reversal.key, &outcome);
}

/* ---- deposits and withdrawals -------------------------------------------------------------- */

/* The asset of the account in the path; that there is none is told as any reader is told. */
static bool find_asset(struct call *call, char asset[ASSET_TEXT])
{
    const char *id = call->path.account;
    struct ledger_account account;
    uint64_t seq = 0;
    /* In memory, nearly always. */
    if (ledger_asset(call->ledger, id, asset))
        return true;
    enum ledger_status status =
        ledger_read_account(call_context(call), call->ledger, id, &account, &seq);
    if (status == LEDGER_OK)
        memcpy(asset, account.asset, ASSET_TEXT);
    else
        call_refuse_account(call, status, seq, id);
    return status == LEDGER_OK;
}

/* Whatever the asset, which is not looked up for one who may not be told. */
static bool may_touch_world(struct call *call)
{
    if (token_grant_has_account(&call->grant, "world:"))
        return true;
    call_refuse_as(call, &problem_forbidden,
        "The token is bound to accounts, and the world's are not among them: that takes the prefix "
        "\"world:\" as well.");
    return false;
}

/* Deposits come from the world account of the account's asset, withdrawals go there. */
static void move(struct call *call, bool is_deposit)
{
    struct ledger_leg leg = {.from = call->path.account, .to = call->path.account};
    struct ledger_transfer transfer = {.legs = &leg, .leg_count = 1};
    char asset[ASSET_TEXT], world[ASSET_WORLD_TEXT];
    struct body body;
    if (!call_names_account(call) ||
        !moves_read(call, BODY_HAS_AMOUNT | BODY_HAS_METADATA, &transfer.key, &body) ||
        !moves_read_amount(call, &body, &leg.amount) ||
        !body_metadata(call, &body, &transfer.metadata, &transfer.meaning) ||
        !may_touch_world(call) || !find_asset(call, asset))
        return;
    /* The world is the other side, so that the sum of all balances stays 0. */
    asset_world_id(asset, world);
    *(is_deposit ? &leg.from : &leg.to) = world;
    carry_out(call, &transfer);
}

void transfers_deposit(struct call *call)
{
    move(call, true);
}

void transfers_withdraw(struct call *call)
{
    move(call, false);
}
