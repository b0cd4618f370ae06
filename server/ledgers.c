/* SPDX-License-Identifier: MIT */
#include "server/ledgers.h"

#include "server/api.h"
#include "server/json_out.h"

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
        break;
    }
    return "stopped";
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
    struct ledger_figures figures;
    struct json_out out;
    ledger_read_figures(request->api->ledger, &figures);
    json_out_begin(&out, &request->arena);
    json_out_open(&out, '{');
    json_out_key(&out, "items");
    json_out_open(&out, '[');
    write_ledger(&out, &figures);
    json_out_close(&out, ']');
    json_out_key(&out, "next");
    json_out_json(&out, NULL);
    json_out_close(&out, '}');
    api_ok(response, &out, figures.durable_seq);
}
