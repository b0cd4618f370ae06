/* SPDX-License-Identifier: MIT */
#include "server/api/transfers.h"

#include <string.h>

#include "server/api/api.h"
#include "server/api/moves.h"
#include "server/http/problem.h"
#include "server/api/render.h"

static void answer_done(
    struct request *request, struct response *response, const struct entry *entry)
{
    struct json_out out;
    json_out_begin(&out, &request->arena);
    render_transfer(&out, entry);
    api_ok(response, &out, entry->seq);
    response->status = 201;
    response->location = api_path_to(request, "transfers", entry->seq);
}

static void answer_outcome(struct request *request, struct response *response, const char *key,
    struct ledger_outcome *outcome)
{
    if (outcome->status == LEDGER_OK)
        answer_done(request, response, outcome->entry);
    else
        moves_refuse(request, response, key, outcome);
    response->replayed = outcome->replayed;
    if (outcome->entry)
        entry_drop(&outcome->entry);
}

static void carry_out(
    struct request *request, struct response *response, const struct ledger_transfer *transfer)
{
    struct ledger_outcome outcome;
    api_forget_body(request);
    struct context *patience = api_patience(request);
    ledger_transfer(patience, request->served, transfer, &outcome);
    context_release(&patience);
    answer_outcome(request, response, transfer->key, &outcome);
}

void transfers_post(struct request *request, struct response *response)
{
    static const char *const names[] = {"from", "to", "amount", "postings", "metadata", NULL};
    struct ledger_transfer transfer = {.key = NULL};
    response->moves_money = true;
    if (!moves_read_key(request, response, &transfer.key))
        return;
    const struct json_in *body = api_body(request, response, names);
    if (body && moves_read_transfer(request, response, body, &transfer))
        carry_out(request, response, &transfer);
}

void transfers_reverse(struct request *request, struct response *response)
{
    static const char *const names[] = {"metadata", NULL};
    struct ledger_reversal reversal = {.key = NULL};
    struct ledger_outcome outcome;
    response->moves_money = true;
    if (!api_position(request, response, &reversal.transfer) ||
        !moves_read_key(request, response, &reversal.key))
        return;
    const struct json_in *body = api_body(request, response, names);
    if (!body ||
        !api_metadata(request, response, NULL, body, &reversal.metadata, &reversal.meaning))
        return;
    struct context *patience = api_patience(request);
    ledger_reverse(patience, request->served, &reversal, &outcome);
    context_release(&patience);
    answer_outcome(request, response, reversal.key, &outcome);
}

/* ---- deposits and withdrawals -------------------------------------------------------------- */

/* The asset of the account in the path; that there is none is told as any reader is told. */
static bool find_asset(struct request *request, struct response *response, char asset[ASSET_TEXT])
{
    struct ledger_account account;
    struct problem_of_ledger no = {.account = request->account};
    if (ledger_asset(request->served, request->account, asset))
        return true;
    struct context *patience = api_patience(request);
    no.status = ledger_read_account(patience, request->served, request->account, &account, &no.seq);
    context_release(&patience);
    if (no.status == LEDGER_OK)
        memcpy(asset, account.asset, ASSET_TEXT);
    else
        api_refuse_of(request, response, &no);
    return no.status == LEDGER_OK;
}

/* Deposits come from the world account of the account's asset, withdrawals go there. */
static void move(struct request *request, struct response *response, bool is_deposit)
{
    static const char *const names[] = {"amount", "metadata", NULL};
    struct ledger_leg leg = {.from = request->account, .to = request->account};
    struct ledger_transfer transfer = {.legs = &leg, .leg_count = 1};
    char asset[ASSET_TEXT], world[ASSET_WORLD_TEXT];
    response->moves_money = true;
    if (!account_id_is_valid(request->account)) {
        problem_invalid(request, response, "account", ACCOUNT_ID_RULE);
        return;
    }
    if (!moves_read_key(request, response, &transfer.key))
        return;
    const struct json_in *body = api_body(request, response, names);
    if (!body)
        return;
    if (!moves_read_amount(request, response, NULL, body, &leg.amount) ||
        !api_metadata(request, response, NULL, body, &transfer.metadata, &transfer.meaning))
        return;
    if (!find_asset(request, response, asset))
        return;
    asset_world_id(asset, world);
    *(is_deposit ? &leg.from : &leg.to) = world;
    carry_out(request, response, &transfer);
}

void transfers_deposit(struct request *request, struct response *response)
{
    move(request, response, true);
}

void transfers_withdraw(struct request *request, struct response *response)
{
    move(request, response, false);
}
