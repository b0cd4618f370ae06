/* SPDX-License-Identifier: MIT */
#include "server/api/ledgers.h"

#include <string.h>

#include "server/api/api.h"
#include "server/text/json_out.h"
#include "server/http/problem.h"

const char *ledgers_state_name(enum ledger_state state)
{
    switch (state) {
    case LEDGER_RUNNING:
        return "running";
    case LEDGER_RECOVERING:
        return "recovering";
    case LEDGER_FENCED:
        return "fenced";
    case LEDGER_STOPPED:
        return "stopped";
    case LEDGER_LOST:
        return "lost";
    case LEDGER_ELSEWHERE:
        return "standing_by";
    case LEDGER_OPENING:
        break;
    }
    return "opening";
}

static void write_ledger(struct json_out *out, const struct ledger_figures *figures)
{
    json_out_open(out, '{');
    json_out_key(out, "name");
    json_out_text(out, figures->name);
    json_out_key(out, "strategy");
    json_out_text(out, figures->strategy);
    json_out_key(out, "state");
    json_out_text(out, ledgers_state_name(figures->state));
    json_out_key(out, "frozen");
    json_out_bool(out, figures->frozen);
    json_out_key(out, "seq");
    json_out_number(out, figures->durable_seq);
    json_out_key(out, "epoch");
    json_out_number(out, figures->epoch);
    json_out_key(out, "accounts");
    json_out_number(out, figures->accounts);
    json_out_close(out, '}');
}

void ledgers_answer(struct request *request, struct response *response, struct ledger *ledger)
{
    struct ledger_figures figures;
    struct json_out out;
    ledger_read_figures(ledger, &figures);
    json_out_begin(&out, &request->arena);
    write_ledger(&out, &figures);
    api_ok(response, &out, figures.durable_seq);
}

void ledgers_get(struct request *request, struct response *response)
{
    ledgers_answer(request, response, request->served);
}

void ledgers_list(struct request *request, struct response *response)
{
    struct ledger_figures *figures =
        arena_alloc(&request->arena, BANK_LEDGERS_MAX * sizeof *figures);
    size_t count = bank_figures(request->api->bank, figures);
    struct json_out out;
    json_out_begin(&out, &request->arena);
    json_out_open(&out, '{');
    json_out_key(&out, "items");
    json_out_open(&out, '[');
    for (size_t i = 0; i < count; i++)
        write_ledger(&out, &figures[i]);
    json_out_close(&out, ']');
    json_out_key(&out, "next");
    json_out_json(&out, NULL);
    json_out_close(&out, '}');
    api_ok(response, &out, 0);
    response->has_ledger_seq = false; /* each has its own */
}

static bool read_ledger(
    struct request *request, struct response *response, const char **name, const char **strategy)
{
    static const char *const names[] = {"name", "strategy", NULL};
    const struct json_in *body = api_body(request, response, names);
    if (!body)
        return false;
    *name = json_in_text(json_in_member(body, "name"));
    if (!*name || !bank_name_is_valid(*name)) {
        problem_invalid(request, response, "name",
            "must be 1-64 characters of A-Z a-z 0-9 _ . -, and not \".\" or \"..\"");
        return false;
    }
    const struct json_in *given = json_in_member(body, "strategy");
    bool none = !given || json_in_is_null(given);
    *strategy = none ? NULL : json_in_text(given);
    if (none ||
        (*strategy && (strcmp(*strategy, "owner") == 0 || strcmp(*strategy, "sharded") == 0)))
        return true;
    problem_invalid(request, response, "strategy", "must be owner or sharded");
    return false;
}

void ledgers_post(struct request *request, struct response *response)
{
    const char *name, *strategy;
    struct ledger *ledger = NULL;
    bool created = false;
    if (!read_ledger(request, response, &name, &strategy))
        return;
    struct context *patience = api_patience(request);
    enum ledger_status status =
        bank_create(patience, request->api->bank, name, strategy, &ledger, &created);
    context_release(&patience);
    if (status != LEDGER_OK) {
        api_refuse(request, response, status, 0);
        return;
    }
    request->served = ledger;
    ledgers_answer(request, response, ledger);
    if (created) {
        request->ledger = api_copy(request, name);
        response->status = 201;
        response->location = api_path(request, NULL, NULL);
    }
}
