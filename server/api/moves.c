/* SPDX-License-Identifier: MIT */
/* What moves of money have in common in their bodies: the key, amounts, legs. Each reader records
 * the refusal itself and returns false, so callers need only stop. */
#include "server/api/moves.h"

#include "server/api/request_key.h"

#define AMOUNT_RULE                                                                                \
    "must be a whole number from 1 to 10^38-1: a JSON integer up to 2^53-1, or a string of digits"

enum {
    LEG = BODY_HAS_FROM | BODY_HAS_TO | BODY_HAS_AMOUNT,
    TRANSFER = LEG | BODY_HAS_POSTINGS | BODY_HAS_METADATA,
    ITEM = TRANSFER | BODY_HAS_KEY,
};

bool moves_read_key(struct call *call, const char **key)
{
    bool good;
    *key = request_key_of_header(call->arena, call->request->idempotency_key, &good);
    if (!good)
        call_refuse(
            call, NULL, "Idempotency-Key", REQUEST_KEY_RULE ", with or without quotes around");
    return good;
}

bool moves_read(struct call *call, uint64_t known, const char **key, struct body *body)
{
    return moves_read_key(call, key) && body_read(call, known, body);
}

bool moves_read_large(struct call *call, uint64_t known, const char **key, struct body *body)
{
    return moves_read_key(call, key) && body_read_large(call, known, body);
}

bool moves_read_amount(struct call *call, const struct body *body, money *amount)
{
    const struct json_in *value = body->members[BODY_AMOUNT];
    /* 0 would be a movement that moves nothing. */
    if (value && json_in_money(value, false, amount) && *amount > 0)
        return true;
    body_refuse(call, body, BODY_AMOUNT, AMOUNT_RULE);
    return false;
}

static bool read_account(
    struct call *call, const struct body *body, enum body_member member, const char **id)
{
    const char *given = json_in_text(body->members[member]);
    /* Copied, for the document is forgotten before the ledger is asked. */
    *id = given && account_id_is_valid(given) ? call_copy(call, given) : NULL;
    if (*id)
        return body_may_touch(call, body, member, *id);
    body_refuse(call, body, member, ACCOUNT_ID_RULE);
    return false;
}

bool moves_read_leg(struct call *call, const struct body *body, struct ledger_leg *leg)
{
    return read_account(call, body, BODY_FROM, &leg->from) &&
           read_account(call, body, BODY_TO, &leg->to) &&
           moves_read_amount(call, body, &leg->amount);
}

static struct ledger_leg *make_legs(
    struct call *call, size_t count, struct ledger_transfer *transfer)
{
    /* Up to 1,000 of them: too many for the reserve. */
    struct ledger_leg *legs = arena_try(call->arena, count * sizeof *legs);
    if (!legs)
        call_refuse_short(call);
    transfer->legs = legs;
    transfer->leg_count = count;
    return legs;
}

static bool read_postings(
    struct call *call, const struct body *body, struct ledger_transfer *transfer)
{
    const struct json_in *postings = body->members[BODY_POSTINGS];
    /* Bounded before anything is allocated. */
    size_t count = json_in_count(postings);
    if (!json_in_is_array(postings) || count < 1 || count > ENTRY_POSTINGS_MAX) {
        body_refuse(call, body, BODY_POSTINGS, "must be an array of 1 to 1,000 postings");
        return false;
    }
    struct ledger_leg *legs = make_legs(call, count, transfer);
    for (size_t i = 0; legs && i < count; i++) {
        /* Only a refusal reads it, so it may stand on the stack. */
        const struct call_place place = {
            .outer = body->place, .member = "postings", .index = (ptrdiff_t)i};
        struct body posting;
        if (!body_take_apart(call, json_in_at(postings, i), &place, LEG,
                "is not a member of a posting", &posting) ||
            !moves_read_leg(call, &posting, &legs[i]))
            return false;
    }
    return legs != NULL;
}

/* Either one leg, or postings. */
static bool read_legs(struct call *call, const struct body *body, struct ledger_transfer *transfer)
{
    if (!body->members[BODY_POSTINGS]) {
        struct ledger_leg *leg = make_legs(call, 1, transfer);
        return leg && moves_read_leg(call, body, leg);
    }
    /* Both together would be ambiguous, so neither is taken. */
    const char *other = body_other_than(body, ITEM & ~LEG);
    if (!other)
        return read_postings(call, body, transfer);
    call_refuse(call, body->place, other, "does not go together with postings");
    return false;
}

static bool read_body(struct call *call, const struct body *body, struct ledger_transfer *transfer)
{
    return read_legs(call, body, transfer) &&
           body_metadata(call, body, &transfer->metadata, &transfer->meaning);
}

bool moves_read_transfer(struct call *call, struct ledger_transfer *transfer)
{
    struct body body;
    return moves_read(call, TRANSFER, &transfer->key, &body) && read_body(call, &body, transfer);
}

bool moves_read_item(struct call *call, const struct json_in *item, const struct call_place *place,
    struct ledger_transfer *transfer)
{
    struct body body;
    *transfer = (struct ledger_transfer){.key = NULL};
    if (!body_take_apart(call, item, place, ITEM, "is not a member of a transfer", &body) ||
        !read_body(call, &body, transfer))
        return false;
    /* Null is as good as absent: an item need not have a key. */
    const struct json_in *key = body_given(&body, BODY_KEY);
    const char *given = key ? json_in_text(key) : NULL;
    transfer->key = request_key_is_valid(given) ? call_copy(call, given) : NULL;
    if (!key || transfer->key)
        return true;
    body_refuse(call, &body, BODY_KEY, REQUEST_KEY_RULE);
    return false;
}
