/* SPDX-License-Identifier: MIT */
#include "server/health.h"

#include <stdio.h>

#include "server/api.h"
#include "server/json_out.h"
#include "server/ledgers.h"

/* Asks nothing and nobody: whoever restarts what is not alive must not do so because of another. */
void health_live(struct request *request, struct response *response)
{
    static const char body[] = "{\"status\":\"alive\"}";
    (void)request;
    response->status = 200;
    response->content_type = "application/json";
    response->body = body;
    response->length = sizeof body - 1;
}

static const char *why_not_running(const struct ledger_figures *figures)
{
    switch (figures->state) {
    case LEDGER_RUNNING:
        return NULL;
    case LEDGER_RECOVERING:
        return "the database is away; what was decided is being retried";
    case LEDGER_FENCED:
        return "another process has taken the ledger over";
    case LEDGER_STOPPED:
        break;
    }
    return "writes have stopped, reads go on";
}

static void write_reason(
    struct json_out *out, const struct ledger_figures *figures, const char *reason)
{
    char text[LEDGER_WHY + 80];
    bool says_why = figures->state == LEDGER_STOPPED && figures->why_stopped[0];
    snprintf(text, sizeof text, "%s%s%s", says_why ? figures->why_stopped : "",
        says_why ? ": " : "", reason);
    json_out_key(out, "reason");
    json_out_text(out, text);
}

/* The figures of a ledger that is not running; if all are, of the first. */
static void read_worst(struct bank *bank, struct ledger_figures *figures)
{
    struct ledger *ledgers[BANK_LEDGERS_MAX];
    for (size_t i = bank_list(bank, ledgers); i-- > 0;) {
        ledger_read_figures(ledgers[i], figures);
        if (figures->state != LEDGER_RUNNING)
            return;
    }
}

void health_ready(struct request *request, struct response *response)
{
    struct ledger_figures figures;
    struct json_out out;
    read_worst(request->api->bank, &figures);
    const char *stuck = why_not_running(&figures);
    const char *reason = atomic_load(&request->api->stopping) ? "the service is stopping" : stuck;
    json_out_begin(&out, &request->arena);
    json_out_open(&out, '{');
    json_out_key(&out, "ready");
    json_out_bool(&out, !reason);
    json_out_key(&out, "state");
    json_out_text(&out, ledgers_state_name(figures.state));
    if (reason)
        write_reason(&out, &figures, reason);
    if (stuck) {
        json_out_key(&out, "ledger");
        json_out_text(&out, figures.name);
        if (figures.audit_wrong_seq) {
            json_out_key(&out, "wrong_seq");
            json_out_number(&out, figures.audit_wrong_seq);
        }
    }
    json_out_close(&out, '}');
    api_ok(response, &out, 0);
    response->has_ledger_seq = false;
    response->status = reason ? 503 : 200;
    response->retry_after_s = reason ? 1 : 0;
}
