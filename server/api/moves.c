/* SPDX-License-Identifier: MIT */
#include "server/api/moves.h"

#include <stdio.h>
#include <string.h>

#include "server/api/api.h"
#include "server/text/json_out.h"
#include "server/http/problem.h"
#include "server/http/request.h"

#define AMOUNT_RULE                                                                                \
    "must be a whole number from 1 to 10^38-1: a JSON integer up to 2^53-1, or a string of digits"

/* ---- reading a request --------------------------------------------------------------------- */

bool moves_read_key(struct request *request, struct response *response, const char **key)
{
    bool good;
    *key = request_key(request, &good);
    if (!good)
        problem_invalid(
            request, response, "Idempotency-Key", MOVES_KEY_RULE ", with or without quotes around");
    return good;
}

bool moves_read_amount(struct request *request, struct response *response,
    const struct problem_place *place, const struct json_in *object, money *amount)
{
    const struct json_in *value = json_in_member(object, "amount");
    if (value && json_in_money(value, false, amount) && *amount > 0)
        return true;
    problem_invalid_at(request, response, place, "amount", AMOUNT_RULE);
    return false;
}

static bool read_account(struct request *request, struct response *response,
    const struct problem_place *place, const struct json_in *object, const char *name,
    const char **id)
{
    const char *given = json_in_text(json_in_member(object, name));
    *id = given && account_id_is_valid(given) ? api_copy(request, given) : NULL;
    if (*id)
        return true;
    problem_invalid_at(request, response, place, name, ACCOUNT_ID_RULE);
    return false;
}

bool moves_read_leg(struct request *request, struct response *response,
    const struct problem_place *place, const struct json_in *object, struct ledger_leg *leg)
{
    return read_account(request, response, place, object, "from", &leg->from) &&
           read_account(request, response, place, object, "to", &leg->to) &&
           moves_read_amount(request, response, place, object, &leg->amount);
}

/* That it is an object whose members are among the names. */
static bool members_are_known(struct request *request, struct response *response,
    const struct problem_place *place, const struct json_in *object, const char *const *names,
    const char *rule)
{
    const char *unknown = json_in_is_object(object) ? json_in_unknown(object, names) : "";
    if (unknown)
        problem_invalid_at(
            request, response, place, unknown, *unknown ? rule : "must be an object");
    return !unknown;
}

static bool read_postings(struct request *request, struct response *response,
    const struct problem_place *place, const struct json_in *postings,
    struct ledger_transfer *transfer)
{
    static const char *const names[] = {"from", "to", "amount", NULL};
    size_t count = json_in_count(postings);
    if (!json_in_is_array(postings) || count < 1 || count > ENTRY_POSTINGS_MAX) {
        problem_invalid_at(
            request, response, place, "postings", "must be an array of 1 to 1,000 postings");
        return false;
    }
    struct ledger_leg *legs = arena_try(&request->arena, count * sizeof *legs);
    if (!legs) {
        api_short(request, response);
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const struct json_in *posting = json_in_at(postings, i);
        const struct problem_place here = {.outer = place, .array = "postings", .index = i};
        if (!members_are_known(
                request, response, &here, posting, names, "is no member of a posting") ||
            !moves_read_leg(request, response, &here, posting, &legs[i]))
            return false;
    }
    transfer->legs = legs;
    transfer->leg_count = count;
    return true;
}

static bool read_legs(struct request *request, struct response *response,
    const struct problem_place *place, const struct json_in *object,
    struct ledger_transfer *transfer)
{
    static const char *const one[] = {"from", "to", "amount", "metadata", "key", NULL};
    static const char *const many[] = {"postings", "metadata", "key", NULL};
    const struct json_in *postings = json_in_member(object, "postings");
    if (!members_are_known(request, response, place, object, postings ? many : one,
            "does not go together with postings"))
        return false;
    if (postings)
        return read_postings(request, response, place, postings, transfer);
    struct ledger_leg *leg = arena_try(&request->arena, sizeof *leg);
    if (!leg) {
        api_short(request, response);
        return false;
    }
    transfer->legs = leg;
    transfer->leg_count = 1;
    return moves_read_leg(request, response, place, object, leg);
}

bool moves_read_transfer(struct request *request, struct response *response,
    const struct json_in *body, struct ledger_transfer *transfer)
{
    return read_legs(request, response, NULL, body, transfer) &&
           api_metadata(request, response, NULL, body, &transfer->metadata, &transfer->meaning);
}

bool moves_key_is_valid(const char *key)
{
    size_t length = key ? strlen(key) : 0;
    for (size_t i = 0; i < length; i++)
        if (key[i] < ' ' || key[i] > '~')
            return false;
    return length >= 1 && length <= ENTRY_KEY_MAX;
}

bool moves_read_item(struct request *request, struct response *response,
    const struct problem_place *place, const struct json_in *item, struct ledger_transfer *transfer)
{
    static const char *const any[] = {"from", "to", "amount", "postings", "metadata", "key", NULL};
    if (!members_are_known(request, response, place, item, any, "is no member of a transfer") ||
        !read_legs(request, response, place, item, transfer) ||
        !api_metadata(request, response, place, item, &transfer->metadata, &transfer->meaning))
        return false;
    const struct json_in *key = json_in_member(item, "key");
    const char *given = key && !json_in_is_null(key) ? json_in_text(key) : NULL;
    transfer->key = moves_key_is_valid(given) ? api_copy(request, given) : NULL;
    if (!key || json_in_is_null(key) || transfer->key)
        return true;
    problem_invalid_at(request, response, place, "key", MOVES_KEY_RULE);
    return false;
}

/* ---- what the ledger said ------------------------------------------------------------------ */

/* Where a client learns what became of a request of which it was told nothing. */
static const char *settle_url(struct request *request, const char *key)
{
    if (!key)
        return NULL;
    struct json_out url;
    const char *path = api_path(request, "transfers", "");
    json_out_begin(&url, &request->arena);
    json_out_raw(&url, path, strlen(path) - 1); /* without the last slash */
    json_out_raw(&url, "?key=", 5);
    api_escape(&url, key);
    json_out_raw(&url, "", 1);
    return url.text;
}

struct problem_of_ledger moves_told(
    struct request *request, const char *key, const struct ledger_outcome *outcome)
{
    const struct entry *entry = outcome->entry;
    bool frozen = entry && status_is_rejection(outcome->status);
    bool unknown = outcome->status == LEDGER_OUTCOME_UNKNOWN;
    return api_told(
        request, &(struct problem_of_ledger){
                     .status = outcome->status,
                     .seq = frozen ? entry->seq : outcome->seq,
                     .account = frozen && entry->account ? entry->account->id : outcome->account,
                     .has_available = outcome->status == LEDGER_INSUFFICIENT_FUNDS,
                     .available = frozen ? entry->available : outcome->available,
                     .settle = unknown ? settle_url(request, key) : NULL,
                 });
}

void moves_refuse(struct request *request, struct response *response, const char *key,
    const struct ledger_outcome *outcome)
{
    struct problem_of_ledger told = moves_told(request, key, outcome);
    problem_of_ledger(request, response, &told);
    response->replayed = outcome->replayed;
}
