/* SPDX-License-Identifier: MIT */
#include "tests/service/history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "loadtest/json_view.h"

void history_account(unsigned index, char name[16])
{
    snprintf(name, 16, "crash-%02u", index % 100);
}

struct op *history_add(struct history *history)
{
    if (history->count == history->capacity) {
        history->capacity = history->capacity ? history->capacity * 2 : 256;
        history->ops = realloc(history->ops, history->capacity * sizeof history->ops[0]);
        co_ensure(history->ops);
    }
    struct op *op = &history->ops[history->count++];
    memset(op, 0, sizeof *op);
    return op;
}

struct op history_row(const struct op *batch, unsigned row)
{
    return (struct op){.kind = OP_TRANSFER,
        .from = (uint8_t)((batch->from + row) % HISTORY_ACCOUNTS),
        .to = (uint8_t)((batch->to + row) % HISTORY_ACCOUNTS),
        .amount = batch->amount + (int32_t)row};
}

void history_free(struct history *history)
{
    free(history->ops);
    *history = (struct history){0};
}

/* Each row says whose it is. */
static enum client_status send_batch(
    struct api *api, const struct op *op, struct response *response)
{
    char text[200 + 200 * HISTORY_ROWS], from[16], to[16];
    size_t at = (size_t)snprintf(
        text, sizeof text, "{\"atomic\":%s,\"transfers\":[", op->atomic ? "true" : "false");
    for (unsigned i = 0; i < HISTORY_ROWS; i++) {
        struct op row = history_row(op, i);
        history_account(row.from, from);
        history_account(row.to, to);
        at += (size_t)snprintf(text + at, sizeof text - at,
            "%s{\"from\":\"%s\",\"to\":\"%s\",\"amount\":%d,\"metadata\":{\"of\":\"%s\"}}",
            i ? "," : "", from, to, row.amount, op->key);
    }
    snprintf(text + at, sizeof text - at, "]}");
    return api_post(api, "/transfers/batch", op->key, text, response);
}

static enum client_status send_once(struct api *api, const struct op *op, struct response *response)
{
    char from[16], to[16], path[64], text[100];
    history_account(op->from, from);
    history_account(op->to, to);
    switch (op->kind) {
    case OP_DEPOSIT:
        return api_deposit(api, to, op->amount, op->key, response);
    case OP_WITHDRAW:
        return api_withdraw(api, from, op->amount, op->key, response);
    case OP_TRANSFER:
        return api_transfer(api, from, to, op->amount, op->key, response);
    case OP_HOLD:
        snprintf(text, sizeof text, "{\"from\":\"%s\",\"to\":\"%s\",\"amount\":%d}", from, to,
            op->amount);
        return api_post(api, "/holds", op->key, text, response);
    case OP_BATCH:
        return send_batch(api, op, response);
    case OP_CAPTURE:
        snprintf(text, sizeof text, "{\"amount\":%d}", op->amount);
        break;
    default:
        snprintf(text, sizeof text, "{}");
    }
    snprintf(path, sizeof path, "/holds/%lld/%s", (long long)op->hold,
        op->kind == OP_CAPTURE ? "capture" : "release");
    return api_post(api, path, op->key, text, response);
}

/* FNV-1a. */
static uint64_t hash_of(const struct response *response)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < response->body_length; i++)
        hash = (hash ^ (uint8_t)response->body[i]) * UINT64_C(1099511628211);
    return hash;
}

/* The answer to a batch: what became of each row. */
static bool judge_batch(struct op *op, const struct response *response)
{
    struct json_view body = json_view_read(response->body, response->body_length), result;
    struct json_view_walk walk = {.rest = json_view_member(body, "results")};
    unsigned rows = 0;
    int64_t status;
    op->outcome = OP_DONE;
    op->seq = response->seq;
    op->told = hash_of(response);
    op->rows = 0;
    for (; json_view_next(&walk, &result) && rows < HISTORY_ROWS; rows++) {
        if (!json_view_integer(json_view_member(result, "status"), &status) ||
            (status != 201 && status != 422 && !(op->atomic && status == 424)))
            return false;
        op->rows |= (uint8_t)((status == 201) << rows);
    }
    return rows == HISTORY_ROWS && op->seq > 0;
}

bool history_replay(struct api *api, const struct op *op)
{
    struct response response = {.status = 0};
    bool same = send_once(api, op, &response) == CLIENT_ANSWERED && response.status == 200 &&
                response.replayed && response.seq == op->seq && hash_of(&response) == op->told;
    if (!same)
        printf("\n    batch %s was told something else again: %d %.*s\n", op->key, response.status,
            (int)response.body_length, response.body_length ? response.body : "");
    return same;
}

/* What an answer means for an op whose outcome is not known yet. */
static bool judge(struct op *op, const struct response *response)
{
    int64_t id = 0;
    struct json_view body = json_view_read(response->body, response->body_length);
    switch (response->status) {
    case 200:
        return op->kind == OP_BATCH && judge_batch(op, response);
    case 201:
        op->outcome = OP_DONE;
        op->seq = response->seq;
        return json_view_integer(json_view_member(body, "id"), &id) &&
               id == (op->hold ? op->hold : op->seq);
    case 422:
        op->outcome = OP_REFUSED;
        op->seq = response->seq;
        return json_view_is(json_view_member(body, "code"), "insufficient_funds") &&
               json_view_integer(json_view_member(body, "available"), &op->available);
    case 429:
    case 503:
        if (!op->retried) /* else an earlier sending may have gone through */
            op->outcome = OP_ABSENT;
        return true;
    case 504:
        return json_view_is(json_view_member(body, "code"), "outcome_unknown");
    case 409:
        return json_view_is(json_view_member(body, "code"), "key_in_flight");
    default:
        return false;
    }
}

/* When one client is told something odd, so are the others, as a rule. */
static void print_answer(const struct op *op, const struct response *response)
{
    enum { SHOWN = 3 };
    static _Atomic unsigned told;
    if (told++ < SHOWN)
        printf("\n    op %s got %d: %.*s\n", op->key[0] ? op->key : "(a read)", response->status,
            (int)response->body_length, response->body);
}

/* A read has no effect: without an answer there is nothing to know of it. */
static bool read_once(struct api *api, struct op *op)
{
    struct response response;
    char path[32], name[16];
    history_account(op->from, name);
    snprintf(path, sizeof path, "/accounts/%s", name);
    op->outcome = OP_ABSENT;
    enum client_status got = api_get(api, path, &response);
    op->status = got == CLIENT_ANSWERED ? (uint16_t)response.status : 0;
    if (got != CLIENT_ANSWERED)
        return got != CLIENT_GARBLED;
    struct json_view body = json_view_read(response.body, response.body_length);
    if (response.status != 200) {
        bool fine = response.status == 503 || response.status == 504;
        if (!fine)
            print_answer(op, &response);
        return fine;
    }
    op->outcome = OP_DONE;
    op->seq = response.seq;
    return json_view_integer(json_view_member(body, "balance"), &op->balance) &&
           json_view_integer(json_view_member(body, "held"), &op->held) && op->seq > 0;
}

static bool move_once(struct api *api, struct op *op)
{
    struct response response = {.body = "garbled", .body_length = 7};
    enum client_status got = send_once(api, op, &response);
    op->status = got == CLIENT_ANSWERED ? (uint16_t)response.status : 0;
    bool fine = got != CLIENT_GARBLED && (got != CLIENT_ANSWERED || judge(op, &response));
    if (got == CLIENT_NO_CONNECTION && !op->retried)
        op->outcome = OP_ABSENT;
    op->retried = true;
    if (!fine)
        print_answer(op, &response);
    return fine;
}

bool history_send(struct api *api, struct op *op)
{
    if (op->invoked_ns == 0)
        op->invoked_ns = co_clock_now_ns();
    bool fine = op->kind == OP_READ ? read_once(api, op) : move_once(api, op);
    op->returned_ns = co_clock_now_ns();
    return fine;
}
