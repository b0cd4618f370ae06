/* SPDX-License-Identifier: MIT */
#include "server/http/problem.h"

#include <string.h>

#include "server/text/json_out.h"

enum { RETRY_AFTER_S = 1 };

static const struct kind {
    int status;
    const char *code, *title;
} kinds[] = {
#define X(symbol, status, code, title) [PROBLEM_##symbol] = {status, code, title},
    PROBLEM_MAP(X)
#undef X
};

int problem_http_status(enum ledger_status status)
{
    static const int of[LEDGER_STATUS_COUNT] = {
        [LEDGER_OK] = 200,
        [LEDGER_KEY_REUSED] = 422,
        [LEDGER_KEY_IN_FLIGHT] = 409,
        [LEDGER_LEDGER_NOT_FOUND] = 404,
        [LEDGER_ACCOUNT_NOT_FOUND] = 404,
        [LEDGER_ACCOUNT_EXISTS] = 409,
        [LEDGER_LEDGER_EXISTS] = 409,
        [LEDGER_LEDGER_LIMIT] = 409,
        [LEDGER_ACCOUNT_LIMIT] = 409,
        [LEDGER_TRANSFER_NOT_FOUND] = 404,
        [LEDGER_HOLD_NOT_FOUND] = 404,
        [LEDGER_POSITION_AHEAD] = 409,
        [LEDGER_ALREADY_REVERSED] = 409,
        [LEDGER_ALREADY_SETTLED] = 409,
        [LEDGER_SAME_ACCOUNT] = 422,
        [LEDGER_ASSET_MISMATCH] = 422,
        [LEDGER_ACCOUNT_FROZEN] = 422,
        [LEDGER_CAPTURE_EXCEEDS_HOLD] = 422,
        [LEDGER_INSUFFICIENT_FUNDS] = 422,
        [LEDGER_AMOUNT_OUT_OF_RANGE] = 422,
        [LEDGER_NOT_EXECUTED] = 424,
        [LEDGER_OVERLOADED] = 503,
        [LEDGER_UNAVAILABLE] = 503,
        [LEDGER_DAMAGED] = 500,
        [LEDGER_OUTCOME_UNKNOWN] = 504,
    };
    ensure(of[status]);
    return of[status];
}

static void begin(
    struct json_out *out, struct request *request, const struct kind *kind, const char *detail)
{
    json_out_begin(out, &request->arena);
    json_out_open(out, '{');
    json_out_key(out, "type");
    json_out_raw(out, "\"urn:teller:problem:", 20);
    for (const char *c = kind->code; *c; c++)
        json_out_raw(out, c, 1);
    json_out_raw(out, "\"", 1);
    out->comma = true;
    json_out_key(out, "title");
    json_out_text(out, kind->title);
    json_out_key(out, "status");
    json_out_number(out, (uint64_t)kind->status);
    if (detail) {
        json_out_key(out, "detail");
        json_out_text(out, detail);
    }
    json_out_key(out, "code");
    json_out_text(out, kind->code);
}

static void finish(struct json_out *out, struct response *response, int status)
{
    json_out_close(out, '}');
    response->status = status;
    response->content_type = "application/problem+json";
    response->body = out->text;
    response->length = out->length;
    response->challenge = status == 401;
    response->retry_after_s = status == 503 || status == 429 ? RETRY_AFTER_S : 0;
}

void problem(
    struct request *request, struct response *response, enum problem kind, const char *detail)
{
    struct json_out out;
    begin(&out, request, &kinds[kind], detail);
    finish(&out, response, kinds[kind].status);
}

void problem_invalid(
    struct request *request, struct response *response, const char *member, const char *rule)
{
    struct json_out out, detail;
    json_out_begin(&detail, &request->arena);
    json_out_raw(&detail, member, strlen(member));
    json_out_raw(&detail, ": ", 2);
    json_out_raw(&detail, rule, strlen(rule) + 1);
    begin(&out, request, &kinds[PROBLEM_INVALID_REQUEST], detail.text);
    json_out_key(&out, "member");
    json_out_text(&out, member);
    finish(&out, response, kinds[PROBLEM_INVALID_REQUEST].status);
}

static void write_place(struct json_out *out, const struct problem_place *place)
{
    if (place->outer) {
        write_place(out, place->outer);
        json_out_raw(out, ".", 1);
    }
    json_out_raw(out, place->array, strlen(place->array));
    json_out_raw(out, "[", 1);
    out->comma = false;
    json_out_number(out, place->index);
    json_out_raw(out, "]", 1);
}

void problem_invalid_at(struct request *request, struct response *response,
    const struct problem_place *place, const char *member, const char *rule)
{
    struct json_out path;
    json_out_begin(&path, &request->arena);
    if (place)
        write_place(&path, place);
    if (place && *member)
        json_out_raw(&path, ".", 1);
    json_out_raw(&path, member, strlen(member) + 1);
    problem_invalid(request, response, path.text, rule);
}

void problem_write_told(struct json_out *out, const struct problem_of_ledger *what)
{
    if (what->account && what->account[0]) {
        json_out_key(out, "account");
        json_out_text(out, what->account);
    }
    if (what->has_available) {
        json_out_key(out, "available");
        json_out_money(out, what->available);
    }
    if (what->seq) {
        json_out_key(out, "seq");
        json_out_number(out, what->seq);
    }
    if (what->settle) {
        json_out_key(out, "settle");
        json_out_text(out, what->settle);
    }
}

void problem_of_ledger(
    struct request *request, struct response *response, const struct problem_of_ledger *what)
{
    struct json_out out;
    struct kind kind = {
        problem_http_status(what->status), status_name(what->status), status_text(what->status)};
    begin(&out, request, &kind, what->detail);
    problem_write_told(&out, what);
    finish(&out, response, kind.status);
    response->ledger_seq = what->seq;
    response->has_ledger_seq = what->seq != 0 || request->served; /* 0: before the first entry */
}
