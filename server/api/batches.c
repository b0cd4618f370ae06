/* SPDX-License-Identifier: MIT */
/*
 * A batch is read as a whole before anything is done: a malformed transfer refuses all of them.
 * What the ledger says of each is an item of the answer, whose own status is 200 then. Only if the
 * service could do nothing at all, or the batch's key says so, is the whole answer a problem.
 */
#include "server/api/batches.h"

#include "coro/co.h"
#include "server/api/api.h"
#include "server/api/moves.h"
#include "server/api/render.h"

enum { POSTINGS_MAX = 100000, TURN = 512 };

struct batch {
    bool atomic;
    const char *key;
    size_t count, postings;
    struct ledger_transfer *transfers;
    struct ledger_outcome *outcomes;
};

/* Others wait for this worker: let them run after so many postings. */
static void take_turns(size_t *turn, size_t postings)
{
    *turn += postings;
    if (*turn < TURN)
        return;
    *turn = 0;
    co_yield();
}

/* ---- reading ------------------------------------------------------------------------------- */

static bool read_items(struct request *request, struct response *response,
    const struct json_in *items, struct batch *batch)
{
    size_t turn = 0;
    for (size_t i = 0; i < batch->count; i++) {
        const struct problem_place place = {.array = "transfers", .index = i};
        struct ledger_transfer *transfer = &batch->transfers[i];
        *transfer = (struct ledger_transfer){.key = NULL};
        if (!moves_read_item(request, response, &place, json_in_at(items, i), transfer))
            return false;
        batch->postings += transfer->leg_count;
        take_turns(&turn, transfer->leg_count);
    }
    if (batch->postings <= POSTINGS_MAX)
        return true;
    problem_invalid(request, response, "transfers", "must have at most 100,000 postings in all");
    return false;
}

static bool read_batch(struct request *request, struct response *response, struct batch *batch)
{
    static const char *const names[] = {"atomic", "transfers", NULL};
    if (!moves_read_key(request, response, &batch->key))
        return false;
    const struct json_in *body = api_large_body(request, response, names);
    if (!body)
        return false;
    const struct json_in *atomic = json_in_member(body, "atomic");
    if (atomic && !json_in_bool(atomic, &batch->atomic)) {
        problem_invalid(request, response, "atomic", "must be true or false");
        return false;
    }
    const struct json_in *items = json_in_member(body, "transfers");
    batch->count = json_in_count(items);
    if (batch->count < 1 || batch->count > LEDGER_BATCH_MAX) {
        problem_invalid(
            request, response, "transfers", "must be an array of 1 to 10,000 transfers");
        return false;
    }
    batch->transfers = arena_try(&request->arena, batch->count * sizeof *batch->transfers);
    batch->outcomes = arena_try(&request->arena, batch->count * sizeof *batch->outcomes);
    if (!batch->transfers || !batch->outcomes) {
        api_short(request, response);
        return false;
    }
    return read_items(request, response, items, batch);
}

/* ---- answering ----------------------------------------------------------------------------- */

static uint64_t write_refusal(struct json_out *out, struct request *request,
    const struct ledger_transfer *transfer, const struct ledger_outcome *outcome)
{
    struct problem_of_ledger told = moves_told(request, transfer->key, outcome);
    json_out_open(out, '{');
    json_out_key(out, "status");
    json_out_number(out, (uint64_t)problem_http_status(told.status));
    json_out_key(out, "replayed");
    json_out_bool(out, outcome->replayed);
    json_out_key(out, "code");
    json_out_text(out, status_name(told.status));
    json_out_key(out, "detail");
    json_out_text(out, told.detail ? told.detail : status_text(told.status));
    problem_write_told(out, &told);
    json_out_close(out, '}');
    return told.seq;
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

static void count_item(struct response *response, const struct ledger_outcome *outcome)
{
    if (outcome->replayed)
        response->items.replayed++;
    else if (outcome->status == LEDGER_OK)
        response->items.committed++;
    else if (problem_http_status(outcome->status) == 422)
        response->items.rejected++;
}

static void answer_results(
    struct request *request, struct response *response, const struct batch *batch)
{
    struct json_out out;
    uint64_t highest = 0;
    size_t turn = 0;
    json_out_begin(&out, &request->arena);
    json_out_open(&out, '{');
    json_out_key(&out, "results");
    json_out_open(&out, '[');
    for (size_t i = 0; i < batch->count; i++) {
        const struct ledger_outcome *outcome = &batch->outcomes[i];
        uint64_t seq = outcome->status == LEDGER_OK
                           ? write_success(&out, outcome)
                           : write_refusal(&out, request, &batch->transfers[i], outcome);
        highest = seq > highest ? seq : highest;
        count_item(response, outcome);
        take_turns(&turn, outcome->entry ? outcome->entry->posting_count : 1);
    }
    json_out_close(&out, ']');
    json_out_close(&out, '}');
    api_ok(response, &out, highest);
}

/* Every outcome is that the service was in no state to do it, or does not know: one and the same.
 */
static bool all_failed(const struct batch *batch)
{
    enum ledger_status first = batch->outcomes[0].status;
    if (first != LEDGER_OVERLOADED && first != LEDGER_UNAVAILABLE &&
        first != LEDGER_OUTCOME_UNKNOWN)
        return false;
    for (size_t i = 1; i < batch->count; i++)
        if (batch->outcomes[i].status != first)
            return false;
    return true;
}

static void carry_out(struct context *patience, struct request *request, struct response *response,
    const struct batch *batch)
{
    ledger_transfer_batch(
        patience, request->served, batch->atomic, batch->transfers, batch->count, batch->outcomes);
    if (all_failed(batch))
        moves_refuse(request, response, batch->transfers[0].key, &batch->outcomes[0]);
    else
        answer_results(request, response, batch);
}

/* With a key: the answer, and its header, are the same each time. */
static void carry_out_keyed(struct context *patience, struct request *request,
    struct response *response, const struct batch *batch)
{
    const struct ledger_batch asked = {.key = batch->key,
        .atomic = batch->atomic,
        .transfers = batch->transfers,
        .count = batch->count};
    struct ledger_outcome whole;
    ledger_keyed_batch(patience, request->served, &asked, batch->outcomes, &whole);
    if (whole.status != LEDGER_OK) {
        moves_refuse(request, response, batch->key, &whole);
        return;
    }
    answer_results(request, response, batch);
    response->ledger_seq = whole.seq;
    response->replayed = whole.replayed;
    if (whole.replayed) {
        response->items.committed = response->items.rejected = 0;
        response->items.replayed = (uint32_t)batch->count;
    }
}

void batches_post(struct request *request, struct response *response)
{
    struct batch batch = {.atomic = false};
    response->moves_money = true;
    if (!read_batch(request, response, &batch))
        return;
    api_forget_body(request);
    struct context *patience = api_patience(request);
    if (batch.key)
        carry_out_keyed(patience, request, response, &batch);
    else
        carry_out(patience, request, response, &batch);
    context_release(&patience);
    for (size_t i = 0; i < batch.count; i++)
        if (batch.outcomes[i].entry)
            entry_drop(&batch.outcomes[i].entry);
}
