/* SPDX-License-Identifier: MIT */
/*
 * A batch is read as a whole before anything is done: a malformed transfer refuses all of them.
 * What the ledger says of each is an item of the answer, whose own status is 200 then. Only if the
 * service could do nothing at all, or the batch's key says so, is the whole answer a problem.
 */
#include "server/api/batches.h"

#include "coro/co.h"
#include "server/api/moves.h"
#include "server/api/refusal.h"
#include "server/api/render.h"

enum { POSTINGS_MAX = 100000, TURN = 512 };

struct batch {
    bool atomic;
    const char *key;
    size_t count, postings;
    struct ledger_transfer *transfers;
    struct ledger_outcome *outcomes;
};

/* Others wait for this worker: let them run after every TURN postings. */
static void take_turns(size_t *turn, size_t postings)
{
    *turn += postings;
    if (*turn < TURN)
        return;
    *turn = 0;
    co_yield();
}

/* ---- reading ------------------------------------------------------------------------------- */

static bool read_items(struct call *call, const struct body *body, struct batch *batch)
{
    const struct json_in *items = body->members[BODY_TRANSFERS];
    size_t turn = 0;
    for (size_t i = 0; i < batch->count; i++) {
        const struct call_place place = {.member = "transfers", .index = (ptrdiff_t)i};
        struct ledger_transfer *transfer = &batch->transfers[i];
        /* Without one of its own, an item has no key at all. */
        *transfer = (struct ledger_transfer){.key = NULL};
        if (!moves_read_item(call, json_in_at(items, i), &place, transfer))
            return false;
        batch->postings += transfer->leg_count;
        take_turns(&turn, transfer->leg_count);
    }
    if (batch->postings <= POSTINGS_MAX)
        return true;
    body_refuse(call, body, BODY_TRANSFERS, "must have at most 100,000 postings in all");
    return false;
}

static bool read_batch(struct call *call, struct batch *batch)
{
    struct body body;
    if (!moves_read_large(call, BODY_HAS_ATOMIC | BODY_HAS_TRANSFERS, &batch->key, &body))
        return false;
    const struct json_in *atomic = body.members[BODY_ATOMIC];
    if (atomic && !json_in_bool(atomic, &batch->atomic)) {
        body_refuse(call, &body, BODY_ATOMIC, "must be true or false");
        return false;
    }
    batch->count = json_in_count(body.members[BODY_TRANSFERS]);
    if (batch->count < 1 || batch->count > LEDGER_BATCH_MAX) {
        body_refuse(call, &body, BODY_TRANSFERS, "must be an array of 1 to 10,000 transfers");
        return false;
    }
    /* A client can make these large, so short memory must be an answer here. */
    batch->transfers = arena_try(call->arena, batch->count * sizeof *batch->transfers);
    batch->outcomes = arena_try(call->arena, batch->count * sizeof *batch->outcomes);
    if (!batch->transfers || !batch->outcomes) {
        call_refuse_short(call);
        return false;
    }
    return read_items(call, &body, batch);
}

/* ---- answering ----------------------------------------------------------------------------- */

static uint64_t write_refusal(struct json_out *out, struct call *call,
    const struct ledger_transfer *transfer, const struct ledger_outcome *outcome)
{
    json_out_open(out, '{');
    uint64_t seq = refusal_write_item(out, call, transfer->key, outcome);
    json_out_close(out, '}');
    return seq;
}

static uint64_t write_success(struct json_out *out, const struct ledger_outcome *outcome)
{
    json_out_open(out, '{');
    json_out_key(out, "status");
    json_out_number(out, 201);
    json_out_key(out, "replayed");
    json_out_bool(out, outcome->replayed);
    render_transfer_members(out, outcome->entry);
    json_out_close(out, '}');
    return outcome->entry->seq;
}

static void count_item(struct call *call, const struct ledger_outcome *outcome)
{
    if (outcome->replayed)
        call->items.replayed++;
    else if (outcome->status == LEDGER_OK)
        call->items.committed++;
    else if (refusal_http_status(outcome->status) == 422)
        call->items.rejected++;
}

static void answer_results(struct call *call, const struct batch *batch)
{
    struct json_out out;
    uint64_t highest = 0;
    size_t turn = 0;
    json_out_begin(&out, call->arena);
    json_out_open(&out, '{');
    json_out_key(&out, "results");
    json_out_open(&out, '[');
    /* Results stand in the order of the request. */
    for (size_t i = 0; i < batch->count; i++) {
        const struct ledger_outcome *outcome = &batch->outcomes[i];
        uint64_t seq = outcome->status == LEDGER_OK
                           ? write_success(&out, outcome)
                           : write_refusal(&out, call, &batch->transfers[i], outcome);
        highest = seq > highest ? seq : highest;
        count_item(call, outcome);
        take_turns(&turn, outcome->entry ? outcome->entry->posting_count : 1);
    }
    json_out_close(&out, ']');
    json_out_close(&out, '}');
    /* A read at this position sees all that was done. */
    call_ok(call, &out, highest);
}

/* Every outcome is that the service was in no state to do it, or does not know: one and the same.
 */
static bool all_failed(const struct batch *batch)
{
    enum ledger_status first = batch->outcomes[0].status;
    if (first != LEDGER_OVERLOADED && first != LEDGER_UNAVAILABLE &&
        first != LEDGER_OUTCOME_UNKNOWN)
        return false;
    /* One that differs is worth telling, item by item. */
    for (size_t i = 1; i < batch->count; i++)
        if (batch->outcomes[i].status != first)
            return false;
    return true;
}

static void carry_out(struct call *call, const struct batch *batch)
{
    ledger_transfer_batch(call_context(call), call->ledger, batch->atomic, batch->transfers,
        batch->count, batch->outcomes);
    call->stages.ledger = batch->outcomes[0].stages;
    if (all_failed(batch))
        call_refuse_outcome(call, batch->transfers[0].key, &batch->outcomes[0]);
    else
        answer_results(call, batch);
}

/* With a key: the answer, and its header, are the same each time. */
static void carry_out_keyed(struct call *call, const struct batch *batch)
{
    const struct ledger_batch asked = {.key = batch->key,
        .atomic = batch->atomic,
        .transfers = batch->transfers,
        .count = batch->count};
    struct ledger_outcome whole;
    ledger_keyed_batch(call_context(call), call->ledger, &asked, batch->outcomes, &whole);
    call->stages.ledger = whole.stages;
    /* The key was used for something else, or the batch as a whole failed. */
    if (whole.status != LEDGER_OK) {
        call_refuse_outcome(call, batch->key, &whole);
        return;
    }
    answer_results(call, batch);
    call->seq = whole.seq;
    call->replayed = whole.replayed;
    /* Counted once when it happened; now all of it is a replay. */
    if (whole.replayed) {
        call->items.committed = call->items.rejected = 0;
        call->items.replayed = (uint32_t)batch->count;
    }
}

void batches_post(struct call *call)
{
    struct batch batch = {.atomic = false};
    if (!read_batch(call, &batch))
        return;
    /* Long documents are parsed one or two at a time: let the next one in before the ledger is
     * awaited. */
    body_forget(call);
    if (batch.key)
        carry_out_keyed(call, &batch);
    else
        carry_out(call, &batch);
    /* Entries belong to the ledger, and were only lent. */
    for (size_t i = 0; i < batch.count; i++)
        if (batch.outcomes[i].entry)
            entry_drop(&batch.outcomes[i].entry);
}
