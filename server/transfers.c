/* SPDX-License-Identifier: MIT */
#include "server/transfers.h"

#include <string.h>

#include "server/api.h"
#include "server/problem.h"
#include "server/render.h"

#define ID_RULE "must be 1-64 characters of A-Z a-z 0-9 _ . : @ -"
#define AMOUNT_RULE                                                                                \
    "must be a whole number from 1 to 10^38-1: a JSON integer up to 2^53-1, or a string of digits"

/* ---- reading a request --------------------------------------------------------------------- */

/* A member's name within an array, for messages: "postings[3].amount"; `member` "": "postings[3]".
 */
static const char *member_path(
    struct request *request, const char *array, size_t index, const char *member)
{
    struct json_out out;
    if (!array)
        return member;
    json_out_begin(&out, &request->arena);
    json_out_raw(&out, array, strlen(array));
    json_out_raw(&out, "[", 1);
    json_out_number(&out, index);
    json_out_raw(&out, "].", *member ? 2 : 1);
    json_out_raw(&out, member, strlen(member) + 1);
    return out.text;
}

static bool read_amount(const struct json_in *value, money *amount)
{
    return value && json_in_money(value, false, amount) && *amount > 0;
}

/* from, to and amount; `array` and `index` tell where they stand, for messages. */
static bool read_leg(struct request *request, struct response *response,
    const struct json_in *object, const char *array, size_t index, struct ledger_leg *leg)
{
    leg->from = json_in_text(json_in_member(object, "from"));
    leg->to = json_in_text(json_in_member(object, "to"));
    if (!leg->from || !account_id_is_valid(leg->from)) {
        problem_invalid(request, response, member_path(request, array, index, "from"), ID_RULE);
        return false;
    }
    if (!leg->to || !account_id_is_valid(leg->to)) {
        problem_invalid(request, response, member_path(request, array, index, "to"), ID_RULE);
        return false;
    }
    if (read_amount(json_in_member(object, "amount"), &leg->amount))
        return true;
    problem_invalid(request, response, member_path(request, array, index, "amount"), AMOUNT_RULE);
    return false;
}

static bool read_postings(struct request *request, struct response *response,
    const struct json_in *postings, struct ledger_transfer *transfer)
{
    static const char *const names[] = {"from", "to", "amount", NULL};
    size_t count = json_in_count(postings);
    if (!json_in_is_array(postings) || count < 1 || count > ENTRY_POSTINGS_MAX) {
        problem_invalid(request, response, "postings", "must be an array of 1 to 1,000 postings");
        return false;
    }
    struct ledger_leg *legs = arena_alloc(&request->arena, count * sizeof *legs);
    for (size_t i = 0; i < count; i++) {
        const struct json_in *posting = json_in_at(postings, i);
        const char *unknown = json_in_is_object(posting) ? json_in_unknown(posting, names) : "";
        if (unknown) {
            problem_invalid(request, response, member_path(request, "postings", i, unknown),
                *unknown ? "is no member of a posting" : "must be an object");
            return false;
        }
        if (!read_leg(request, response, posting, "postings", i, &legs[i]))
            return false;
    }
    transfer->legs = legs;
    transfer->leg_count = count;
    return true;
}

static bool read_key(struct request *request, struct response *response, const char **key)
{
    bool good;
    *key = request_key(request, &good);
    if (!good)
        problem_invalid(request, response, "Idempotency-Key",
            "must be 1-255 printable ASCII characters, with or without quotes around");
    return good;
}

static bool read_transfer(
    struct request *request, struct response *response, struct ledger_transfer *transfer)
{
    static const char *const one[] = {"from", "to", "amount", "metadata", NULL};
    static const char *const many[] = {"postings", "metadata", NULL};
    static const char *const any[] = {"from", "to", "amount", "postings", "metadata", NULL};
    if (!read_key(request, response, &transfer->key))
        return false;
    const struct json_in *body = api_body(request, response, any);
    if (!body)
        return false;
    const struct json_in *postings = json_in_member(body, "postings");
    const char *mixed = json_in_unknown(body, postings ? many : one);
    if (mixed) {
        problem_invalid(request, response, mixed, "does not go together with postings");
        return false;
    }
    if (postings) {
        if (!read_postings(request, response, postings, transfer))
            return false;
    } else {
        struct ledger_leg *leg = arena_alloc(&request->arena, sizeof *leg);
        if (!read_leg(request, response, body, NULL, 0, leg))
            return false;
        transfer->legs = leg;
        transfer->leg_count = 1;
    }
    return api_metadata(request, response, body, &transfer->metadata);
}

/* ---- carrying it out ----------------------------------------------------------------------- */

/* Where a client learns what became of a request of which it was told nothing. */
static const char *settle_url(struct request *request, const char *key)
{
    static const char hex[] = "0123456789ABCDEF";
    static const char path[] = API_LEDGER_PATH "/transfers?key=";
    if (!key)
        return NULL;
    char *url = arena_alloc(&request->arena, sizeof path + 3 * strlen(key)), *to = url;
    memcpy(to, path, sizeof path - 1);
    to += sizeof path - 1;
    for (; *key; key++) {
        unsigned char c = (unsigned char)*key;
        if ((c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
            (c && strchr("-._~", c))) {
            *to++ = (char)c;
        } else {
            *to++ = '%';
            *to++ = hex[c >> 4];
            *to++ = hex[c & 15];
        }
    }
    *to = '\0';
    return url;
}

static void answer_done(
    struct request *request, struct response *response, const struct entry *entry)
{
    struct json_out out;
    char id[MONEY_TEXT];
    json_out_begin(&out, &request->arena);
    render_transfer(&out, entry);
    api_ok(response, &out, entry->seq);
    money_format((money)entry->seq, id);
    response->status = 201;
    response->location = api_path(request, "transfers", id);
}

/* The same words for the first answer and for its replays: both are rendered from the entry, if
 * there is one. */
static void answer_outcome(struct api *api, struct request *request, struct response *response,
    const struct ledger_transfer *transfer, const struct ledger_outcome *outcome)
{
    const struct entry *entry = outcome->entry;
    if (outcome->status == LEDGER_OK) {
        answer_done(request, response, entry);
    } else {
        bool unknown = outcome->status == LEDGER_OUTCOME_UNKNOWN;
        bool frozen = entry && status_is_rejection(outcome->status);
        api_refuse_of(api, request, response,
            &(struct problem_of_ledger){
                .status = outcome->status,
                .seq = frozen ? entry->seq : outcome->seq,
                .account = frozen && entry->account ? entry->account->id : outcome->account,
                .has_available = outcome->status == LEDGER_INSUFFICIENT_FUNDS,
                .available = frozen ? entry->available : outcome->available,
                .settle = unknown ? settle_url(request, transfer->key) : NULL,
            });
    }
    response->replayed = outcome->replayed;
}

static void carry_out(struct api *api, struct request *request, struct response *response,
    const struct ledger_transfer *transfer)
{
    struct ledger_outcome outcome;
    struct context *patience = api_patience(request);
    ledger_transfer(patience, api->ledger, transfer, &outcome);
    context_release(&patience);
    answer_outcome(api, request, response, transfer, &outcome);
    if (outcome.entry)
        entry_drop(&outcome.entry);
}

void transfers_post(struct api *api, struct request *request, struct response *response)
{
    struct ledger_transfer transfer = {.key = NULL};
    response->moves_money = true;
    if (read_transfer(request, response, &transfer))
        carry_out(api, request, response, &transfer);
}

/* The asset of the account in the path; that there is none is told as any reader is told. */
static bool find_asset(
    struct api *api, struct request *request, struct response *response, char asset[ASSET_TEXT])
{
    struct ledger_account account;
    struct problem_of_ledger no = {.account = request->account};
    if (ledger_asset(api->ledger, request->account, asset))
        return true;
    struct context *patience = api_patience(request);
    no.status = ledger_read_account(patience, api->ledger, request->account, &account, &no.seq);
    context_release(&patience);
    if (no.status == LEDGER_OK)
        memcpy(asset, account.asset, ASSET_TEXT);
    else
        api_refuse_of(api, request, response, &no);
    return no.status == LEDGER_OK;
}

/* Deposits come from the world account of the account's asset, withdrawals go there. */
static void move(
    struct api *api, struct request *request, struct response *response, bool is_deposit)
{
    static const char *const names[] = {"amount", "metadata", NULL};
    struct ledger_leg leg = {.from = request->account, .to = request->account};
    struct ledger_transfer transfer = {.legs = &leg, .leg_count = 1};
    char asset[ASSET_TEXT], world[ASSET_WORLD_TEXT];
    response->moves_money = true;
    if (!account_id_is_valid(request->account)) {
        problem_invalid(request, response, "account", ID_RULE);
        return;
    }
    if (!read_key(request, response, &transfer.key))
        return;
    const struct json_in *body = api_body(request, response, names);
    if (!body)
        return;
    if (!read_amount(json_in_member(body, "amount"), &leg.amount)) {
        problem_invalid(request, response, "amount", AMOUNT_RULE);
        return;
    }
    if (!api_metadata(request, response, body, &transfer.metadata))
        return;
    if (!find_asset(api, request, response, asset))
        return;
    asset_world_id(asset, world);
    *(is_deposit ? &leg.from : &leg.to) = world;
    carry_out(api, request, response, &transfer);
}

void transfers_deposit(struct api *api, struct request *request, struct response *response)
{
    move(api, request, response, true);
}

void transfers_withdraw(struct api *api, struct request *request, struct response *response)
{
    move(api, request, response, false);
}
