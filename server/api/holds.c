/* SPDX-License-Identifier: MIT */
#include "server/api/holds.h"

#include "server/api/api.h"
#include "server/api/moves.h"
#include "server/api/render.h"

#define EXPIRES_RULE "must be a whole number of seconds from 1 to 316224000"

static void answer_hold(struct request *request, struct response *response,
    const struct entry *hold, const struct entry *settled, uint64_t seq)
{
    struct json_out out;
    json_out_begin(&out, &request->arena);
    render_hold(&out, hold, settled, false);
    api_ok(response, &out, seq);
}

static bool read_hold(struct request *request, struct response *response, struct ledger_hold *hold)
{
    static const char *const names[] = {"from", "to", "amount", "expires_in", "metadata", NULL};
    struct ledger_leg leg;
    money seconds = 0;
    if (!moves_read_key(request, response, &hold->key))
        return false;
    const struct json_in *body = api_body(request, response, names);
    if (!body || !moves_read_leg(request, response, NULL, body, &leg))
        return false;
    const struct json_in *given = json_in_member(body, "expires_in");
    if (given && !json_in_is_null(given) &&
        (json_in_text(given) || !json_in_money(given, false, &seconds) || seconds < 1 ||
            seconds > LEDGER_HOLD_MAX_S)) {
        problem_invalid(request, response, "expires_in", EXPIRES_RULE);
        return false;
    }
    hold->from = leg.from;
    hold->to = leg.to;
    hold->amount = leg.amount;
    hold->expires_in_s = (int64_t)seconds;
    return api_metadata(request, response, NULL, body, &hold->metadata, &hold->meaning);
}

void holds_post(struct request *request, struct response *response)
{
    struct ledger_hold hold = {.key = NULL};
    struct ledger_outcome outcome;
    response->moves_money = true;
    if (!read_hold(request, response, &hold))
        return;
    api_forget_body(request);
    struct context *patience = api_patience(request);
    ledger_hold(patience, request->served, &hold, &outcome);
    context_release(&patience);
    if (outcome.status == LEDGER_OK) {
        answer_hold(request, response, outcome.entry, NULL, outcome.entry->seq);
        response->status = 201;
        response->location = api_path_to(request, "holds", outcome.entry->seq);
        response->replayed = outcome.replayed;
    } else {
        moves_refuse(request, response, hold.key, &outcome);
    }
    if (outcome.entry)
        entry_drop(&outcome.entry);
}

void holds_get(struct request *request, struct response *response)
{
    struct entry *hold = NULL, *settled = NULL;
    uint64_t id = 0, seq = 0;
    if (!api_position(request, response, &id))
        return;
    struct context *patience = api_patience(request);
    enum ledger_status status =
        ledger_read_hold(patience, request->served, id, &hold, &settled, &seq);
    context_release(&patience);
    if (status != LEDGER_OK) {
        api_refuse(request, response, status, seq);
        return;
    }
    answer_hold(request, response, hold, settled, seq);
    entry_drop(&hold);
    if (settled)
        entry_drop(&settled);
}

/* The hold as it was right after the entry that settled it. */
static void answer_settled(struct request *request, struct response *response,
    const struct entry *hold, const struct entry *settled, bool replayed)
{
    bool capture = settled->kind == ENTRY_CAPTURE;
    struct json_out out;
    json_out_begin(&out, &request->arena);
    render_hold(&out, hold, settled, capture);
    api_ok(response, &out, settled->seq);
    response->status = 201;
    response->location = capture ? api_path_to(request, "transfers", settled->seq)
                                 : api_path_to(request, "holds", hold->seq);
    response->replayed = replayed;
}

/* Settled it is; what was held is read again for the answer. */
static enum ledger_status read_held(
    struct context *patience, struct request *request, uint64_t id, struct entry **hold)
{
    struct entry *settled = NULL;
    uint64_t seq;
    enum ledger_status status =
        ledger_read_hold(patience, request->served, id, hold, &settled, &seq);
    if (settled)
        entry_drop(&settled);
    return status;
}

static void settle(
    struct request *request, struct response *response, const struct ledger_settlement *settlement)
{
    struct ledger_outcome outcome;
    struct entry *hold = NULL;
    struct context *patience = api_patience(request);
    ledger_settle(patience, request->served, settlement, &outcome);
    if (outcome.status == LEDGER_OK &&
        read_held(patience, request, settlement->hold, &hold) != LEDGER_OK)
        outcome.status = LEDGER_OUTCOME_UNKNOWN; /* the same key tells later */
    context_release(&patience);
    if (outcome.status == LEDGER_OK)
        answer_settled(request, response, hold, outcome.entry, outcome.replayed);
    else
        moves_refuse(request, response, settlement->key, &outcome);
    if (hold)
        entry_drop(&hold);
    if (outcome.entry)
        entry_drop(&outcome.entry);
}

static bool read_settlement(struct request *request, struct response *response,
    const char *const *names, struct ledger_settlement *settlement)
{
    response->moves_money = true;
    if (!api_position(request, response, &settlement->hold) ||
        !moves_read_key(request, response, &settlement->key))
        return false;
    const struct json_in *body = api_body(request, response, names);
    if (!body)
        return false;
    if (json_in_member(body, "amount") &&
        !moves_read_amount(request, response, NULL, body, &settlement->amount))
        return false;
    return api_metadata(request, response, NULL, body, &settlement->metadata, &settlement->meaning);
}

void holds_capture(struct request *request, struct response *response)
{
    static const char *const names[] = {"amount", "metadata", NULL};
    struct ledger_settlement settlement = {.capture = true};
    if (read_settlement(request, response, names, &settlement))
        settle(request, response, &settlement);
}

void holds_release(struct request *request, struct response *response)
{
    static const char *const names[] = {"metadata", NULL};
    struct ledger_settlement settlement = {.capture = false};
    if (read_settlement(request, response, names, &settlement))
        settle(request, response, &settlement);
}
