/* SPDX-License-Identifier: MIT */
#include "server/api/holds.h"

#include "server/api/moves.h"
#include "server/api/render.h"
#include "server/api/sight.h"

#define EXPIRES_RULE "must be a whole number of seconds from 1 to 316224000"

static bool read_hold(struct call *call, struct ledger_hold *hold)
{
    const uint64_t known =
        BODY_HAS_FROM | BODY_HAS_TO | BODY_HAS_AMOUNT | BODY_HAS_EXPIRES_IN | BODY_HAS_METADATA;
    struct body body;
    struct ledger_leg leg;
    money seconds = 0;
    if (!moves_read(call, known, &hold->key, &body) || !moves_read_leg(call, &body, &leg))
        return false;
    const struct json_in *given = body_given(&body, BODY_EXPIRES_IN);
    /* Seconds are a plain number; json_in_money() alone would take a string as well. */
    if (given && (json_in_text(given) || !json_in_money(given, false, &seconds) || seconds < 1 ||
                     seconds > LEDGER_HOLD_MAX_S)) {
        body_refuse(call, &body, BODY_EXPIRES_IN, EXPIRES_RULE);
        return false;
    }
    hold->from = leg.from;
    hold->to = leg.to;
    hold->amount = leg.amount;
    hold->expires_in_s = (int64_t)seconds;
    return body_metadata(call, &body, &hold->metadata, &hold->meaning);
}

static void answer_placed(struct call *call, const struct entry *hold)
{
    struct json_out out;
    json_out_begin(&out, call->arena);
    render_hold(&out, hold, NULL, false);
    call_created(call, &out, hold->seq, call_path_to(call, "holds", hold->seq));
}

void holds_post(struct call *call)
{
    struct ledger_hold hold = {.key = NULL};
    struct ledger_outcome outcome;
    if (!read_hold(call, &hold))
        return;
    /* Nothing of the document is needed while the ledger is awaited. */
    body_forget(call);
    ledger_hold(call_context(call), call->ledger, &hold, &outcome);
    call->stages.ledger = outcome.stages;
    if (outcome.status == LEDGER_OK)
        answer_placed(call, outcome.entry);
    else
        call_refuse_outcome(call, hold.key, &outcome);
    /* An answer of either kind may be a replay. */
    call->replayed = outcome.replayed;
    if (outcome.entry)
        entry_drop(&outcome.entry);
}

void holds_get(struct call *call)
{
    struct entry *hold = NULL, *settled = NULL;
    uint64_t id = 0, seq = 0;
    if (!call_position(call, &id))
        return;
    enum ledger_status status =
        ledger_read_hold(call_context(call), call->ledger, id, &hold, &settled, &seq);
    call_ledger_answered(call);
    if (status == LEDGER_OK && !sight_has(call, hold))
        status = LEDGER_HOLD_NOT_FOUND;
    if (status == LEDGER_OK) {
        struct json_out out;
        json_out_begin(&out, call->arena);
        render_hold(&out, hold, settled, false);
        call_ok(call, &out, seq);
    } else {
        call_refuse_status(call, status, seq);
    }
    if (hold)
        entry_drop(&hold);
    if (settled)
        entry_drop(&settled);
}

/* The hold as it was right after the entry that settled it. */
static void answer_settled(struct call *call, const struct entry *hold, const struct entry *settled)
{
    bool capture = settled->kind == ENTRY_CAPTURE;
    struct json_out out;
    json_out_begin(&out, call->arena);
    render_hold(&out, hold, settled, capture);
    /* A capture is a transfer; a release leaves only the hold to point at. */
    call_created(call, &out, settled->seq,
        capture ? call_path_to(call, "transfers", settled->seq)
                : call_path_to(call, "holds", hold->seq));
}

/* It is settled; what was held is read again for the answer. */
static enum ledger_status read_held(struct call *call, uint64_t id, struct entry **hold)
{
    struct entry *settled = NULL;
    uint64_t seq;
    enum ledger_status status =
        ledger_read_hold(call_context(call), call->ledger, id, hold, &settled, &seq);
    if (settled)
        entry_drop(&settled);
    return status;
}

static void settle(struct call *call, const struct ledger_settlement *settlement)
{
    struct ledger_outcome outcome;
    struct entry *hold = NULL;
    ledger_settle(call_context(call), call->ledger, settlement, &outcome);
    call->stages.ledger = outcome.stages;
    /* The same key tells later, which this is no answer of. */
    if (outcome.status == LEDGER_OK && read_held(call, settlement->hold, &hold) != LEDGER_OK) {
        outcome.status = LEDGER_OUTCOME_UNKNOWN;
        outcome.replayed = false;
    }
    if (outcome.status == LEDGER_OK)
        answer_settled(call, hold, outcome.entry);
    else
        call_refuse_outcome(call, settlement->key, &outcome);
    call->replayed = outcome.replayed;
    if (hold)
        entry_drop(&hold);
    if (outcome.entry)
        entry_drop(&outcome.entry);
}

static bool read_settlement(struct call *call, uint64_t known, struct ledger_settlement *settlement)
{
    struct body body;
    if (!call_position(call, &settlement->hold) ||
        !moves_read(call, known, &settlement->key, &body))
        return false;
    /* Without an amount all of the hold is captured. */
    if (body.members[BODY_AMOUNT] && !moves_read_amount(call, &body, &settlement->amount))
        return false;
    return body_metadata(call, &body, &settlement->metadata, &settlement->meaning) &&
           sight_of(call, settlement->hold, LEDGER_HOLD_NOT_FOUND);
}

void holds_capture(struct call *call)
{
    struct ledger_settlement settlement = {.capture = true};
    if (read_settlement(call, BODY_HAS_AMOUNT | BODY_HAS_METADATA, &settlement))
        settle(call, &settlement);
}

void holds_release(struct call *call)
{
    struct ledger_settlement settlement = {.capture = false};
    if (read_settlement(call, BODY_HAS_METADATA, &settlement))
        settle(call, &settlement);
}
