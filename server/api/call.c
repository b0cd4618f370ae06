/* SPDX-License-Identifier: MIT */
#include "server/api/call.h"

#include <stdio.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "ledger/domain/account.h"
#include "ledger/domain/entry.h"
#include "server/http/prefer.h"

enum { WAIT_S = 30, WAIT_MAX_S = 60 };

static const int64_t memory_again_ns = 50 * CO_CLOCK_MS;

struct call *call_make(struct api *api, struct request *request, struct response *response)
{
    struct call *call = arena_alloc(&request->arena, sizeof *call);
    *call = (struct call){
        .api = api, .request = request, .response = response, .arena = &request->arena};
    /* Where no token is asked for, everybody may do everything. */
    call->grant.scope = TOKEN_ADMIN;
    arena_init(&call->scratch, NULL, 0);
    return call;
}

int64_t call_wait_s(struct call *call, int64_t otherwise, int64_t max)
{
    call->heeds_wait = prefer_wait(call->request->prefer, &call->wait_s);
    call->wait_s = call->wait_s < max ? call->wait_s : max;
    return call->heeds_wait ? call->wait_s : otherwise;
}

struct co_context *call_context(struct call *call)
{
    if (call->context)
        return call->context;
    /* What it has waited for its turn counts. */
    int64_t wait_ns = call_wait_s(call, WAIT_S, WAIT_MAX_S) * CO_CLOCK_S - call->request->waited_ns;
    call->stages.asked_ns = co_clock_now_ns();
    int64_t deadline_ns = call->stages.asked_ns + wait_ns;
    /* Without a deadline a request might wait forever, so it waits for memory instead. */
    while (!(call->context = co_context_with_deadline(co_context_background(), deadline_ns)))
        co_sleep(memory_again_ns); /* until others have given some back */
    return call->context;
}

void call_ledger_answered(struct call *call)
{
    call->stages.ledger.durable_ns = co_clock_now_ns();
}

const char *call_copy(struct call *call, const char *text)
{
    return arena_copy(call->arena, text, strlen(text));
}

/* ---- answers ------------------------------------------------------------------------------- */

void call_ok_anywhere(struct call *call, const struct json_out *out)
{
    call->response->status = 200;
    call->response->content_type = "application/json";
    call->response->body = out->text;
    call->response->length = out->length;
}

void call_ok(struct call *call, const struct json_out *out, uint64_t seq)
{
    call_ok_anywhere(call, out);
    call->seq = seq;
    call->has_seq = true;
}

void call_created(struct call *call, const struct json_out *out, uint64_t seq, const char *location)
{
    /* Created by this request, or by the one that it replays. */
    call_ok(call, out, seq);
    call->response->status = 201;
    call->location = location;
}

const char *call_path(struct call *call, const char *kind, const char *id)
{
    struct json_out path;
    json_out_begin(&path, call->arena);
    json_out_raw(&path, "/v1/ledgers/", 12);
    json_out_raw(&path, call->path.ledger, strlen(call->path.ledger));
    if (kind) {
        json_out_raw(&path, "/", 1);
        json_out_raw(&path, kind, strlen(kind));
        json_out_raw(&path, "/", 1);
        json_out_percent(&path, id);
    }
    /* The NUL that makes it text. */
    json_out_raw(&path, "", 1);
    return path.text;
}

const char *call_path_to(struct call *call, const char *kind, uint64_t seq)
{
    char id[MONEY_TEXT];
    money_format((money)seq, id);
    return call_path(call, kind, id);
}

/* ---- refusals ------------------------------------------------------------------------------ */

bool call_is_refused(const struct call *call)
{
    return call->refusal.problem || call->refusal.status != LEDGER_OK;
}

void call_refuse_as(struct call *call, const struct problem *problem, const char *detail)
{
    call->refusal = (struct call_refusal){.problem = problem, .detail = detail};
}

void call_refuse_short(struct call *call)
{
    call_refuse_as(call, &problem_overloaded, "There is not enough memory.");
}

static void write_place(struct json_out *out, const struct call_place *place)
{
    if (place->outer) {
        write_place(out, place->outer);
        json_out_raw(out, ".", 1);
    }
    json_out_raw(out, place->member, strlen(place->member));
    if (place->index == CALL_NO_ARRAY)
        return;
    json_out_raw(out, "[", 1);
    out->comma = false;
    json_out_number(out, (uint64_t)place->index);
    json_out_raw(out, "]", 1);
}

/* "transfers[3].postings[2].amount" */
static const char *name_of(struct call *call, const struct call_place *place, const char *member)
{
    struct json_out path;
    json_out_begin(&path, call->arena);
    if (place)
        write_place(&path, place);
    if (place && *member)
        json_out_raw(&path, ".", 1);
    json_out_raw(&path, member, strlen(member) + 1);
    return path.text;
}

void call_refuse(
    struct call *call, const struct call_place *place, const char *member, const char *rule)
{
    const char *name = name_of(call, place, member);
    /* "member: rule", so that the text alone is of use. */
    struct json_out detail;
    json_out_begin(&detail, call->arena);
    json_out_raw(&detail, name, strlen(name));
    json_out_raw(&detail, ": ", 2);
    json_out_raw(&detail, rule, strlen(rule) + 1);
    call->refusal = (struct call_refusal){
        .problem = &problem_invalid_request, .member = name, .detail = detail.text};
}

struct call_refusal call_refusal_of(const char *key, const struct ledger_outcome *outcome)
{
    const struct entry *entry = outcome->entry;
    /* A rejection that stands in the journal is told as it was then, not as it would be now. */
    bool frozen = entry && status_is_rejection(outcome->status);
    return (struct call_refusal){
        .status = outcome->status,
        .seq = frozen ? entry->seq : outcome->seq,
        .account = frozen && entry->account ? entry->account->id : outcome->account,
        .has_available = outcome->status == LEDGER_INSUFFICIENT_FUNDS,
        .available = frozen ? entry->available : outcome->available,
        .key = key,
    };
}

/* What it is about may go with the entry, or with the body. */
static void record(struct call *call, const struct call_refusal *refusal)
{
    call->refusal = *refusal;
    if (refusal->account)
        call->refusal.account = call_copy(call, refusal->account);
}

void call_refuse_outcome(struct call *call, const char *key, const struct ledger_outcome *outcome)
{
    const struct call_refusal refusal = call_refusal_of(key, outcome);
    record(call, &refusal);
    call->replayed = outcome->replayed;
}

void call_refuse_account(
    struct call *call, enum ledger_status status, uint64_t seq, const char *account)
{
    record(call, &(struct call_refusal){.status = status, .seq = seq, .account = account});
}

void call_refuse_status(struct call *call, enum ledger_status status, uint64_t seq)
{
    call_refuse_account(call, status, seq, NULL);
}

/* ---- the path and the query ---------------------------------------------------------------- */

bool call_position(struct call *call, uint64_t *position)
{
    const char *text = call->path.id;
    money id;
    /* Positions are written as money is: digits, no sign, no zeros in front. */
    bool good = money_parse(text, strlen(text), false, &id) && id >= 1 && id <= INT64_MAX;
    if (good)
        *position = (uint64_t)id;
    else
        call_refuse(call, NULL, "id", "must be a journal position");
    return good;
}

bool call_names_account(struct call *call)
{
    bool good = account_id_is_valid(call->path.account);
    if (!good)
        call_refuse(call, NULL, "account", ACCOUNT_ID_RULE);
    return good;
}

bool call_query_number(
    struct call *call, const char *name, uint64_t low, uint64_t high, uint64_t *value)
{
    const char *text = request_query(call->request, name);
    if (!text)
        return true;
    money number;
    if (money_parse(text, strlen(text), false, &number) && number >= low && number <= high) {
        *value = (uint64_t)number;
        return true;
    }
    /* The rule names both bounds, so that one answer is enough to get it right. */
    char rule[80];
    snprintf(rule, sizeof rule, "must be a whole number from %llu to %llu", (unsigned long long)low,
        (unsigned long long)high);
    call_refuse(call, NULL, name, rule);
    return false;
}
