/* SPDX-License-Identifier: MIT */
#include "server/api/health.h"

#include <stdio.h>

#include "server/api/api.h"
#include "server/api/call.h"
#include "server/api/ledgers.h"

/* Depends on nothing else: a supervisor must not restart this service because another one is
 * down. */
void health_live(struct call *call)
{
    static char body[] = "{\"status\":\"alive\"}";
    call_ok_anywhere(call, &(struct json_out){.text = body, .length = sizeof body - 1});
}

/* What the state alone says; NULL: the ledger runs. */
static const char *why_not_running(const struct ledger_figures *figures)
{
    switch (figures->state) {
    case LEDGER_RUNNING:
        return NULL;
    case LEDGER_RECOVERING:
        if (figures->awaits_clock)
            return figures->reason;
        return "the database is away; what was decided is being retried";
    case LEDGER_FENCED:
    case LEDGER_ELSEWHERE:
    case LEDGER_FOLLOWING:
        return "another server has the ledger";
    case LEDGER_LOST:
        return "the database has lost what was acknowledged";
    case LEDGER_OPENING:
        return "the ledger is not open";
    case LEDGER_STOPPED:
        break;
    }
    return "writes have stopped, reads go on";
}

static void write_reason(
    struct json_out *out, const struct ledger_figures *figures, const char *reason)
{
    char text[2 * LEDGER_REASON + 4];
    /* In the other states the fixed text is enough. */
    bool says_why = figures->reason[0] &&
                    (figures->state == LEDGER_STOPPED || figures->state == LEDGER_OPENING);
    snprintf(
        text, sizeof text, "%s%s%s", says_why ? figures->reason : "", says_why ? ": " : "", reason);
    json_out_key(out, "reason");
    json_out_text(out, text);
}

/* 0: it runs; 1: not here, but on another server, as is right of some; 2: it should run, and does
 * not. */
static int how_bad(const struct ledger_figures *figures)
{
    if (figures->state == LEDGER_RUNNING)
        return 0;
    return figures->state == LEDGER_ELSEWHERE || figures->state == LEDGER_FOLLOWING ? 1 : 2;
}

/* The figures of a ledger that should run here and does not; else of the first that runs. If all
 * are elsewhere, of the first. */
static void read_worst(struct call *call, struct ledger_figures *worst)
{
    struct bank *bank = banks_at(atomic_load(&call->api->banks), 0);
    struct ledger_figures each;
    size_t count = bank_count(bank);
    *worst = (struct ledger_figures){.state = LEDGER_OPENING};
    for (size_t i = 0; i < count && (i == 0 || how_bad(worst) < 2); i++) {
        bank_figures(bank, i, &each);
        bool tells_more = how_bad(&each) == 2 || (how_bad(&each) == 0 && how_bad(worst) == 1);
        if (i == 0 || tells_more)
            *worst = each;
    }
}

/* Before the bank is open, or while it is not. */
static void write_waiting(struct json_out *out, struct banks *banks)
{
    char why[LEDGER_REASON] = "the service is starting";
    /* The bank itself knows what it waits for. */
    if (banks)
        (void)banks_is_open(banks, why);
    json_out_open(out, '{');
    json_out_key(out, "ready");
    json_out_bool(out, false);
    json_out_key(out, "state");
    json_out_text(out, "opening");
    json_out_key(out, "reason");
    json_out_text(out, why);
    json_out_close(out, '}');
}

static void write_serving(struct call *call, struct json_out *out, bool *ready)
{
    struct ledger_figures figures;
    read_worst(call, &figures);
    const char *stuck = why_not_running(&figures);
    /* Told before the port is closed, so that a load balancer turns elsewhere in time. */
    const char *reason = atomic_load(&call->api->stopping) ? "the service is stopping" : stuck;
    *ready = !reason;
    json_out_open(out, '{');
    json_out_key(out, "ready");
    json_out_bool(out, !reason);
    json_out_key(out, "state");
    json_out_text(out, ledgers_state_name(figures.state));
    if (reason)
        write_reason(out, &figures, reason);
    /* Of several ledgers, the one that is to blame. */
    if (stuck) {
        json_out_key(out, "ledger");
        json_out_text(out, figures.name);
        if (figures.audit_wrong_seq) {
            json_out_key(out, "wrong_seq");
            json_out_number(out, figures.audit_wrong_seq);
        }
    }
    json_out_close(out, '}');
}

void health_ready(struct call *call)
{
    struct json_out out;
    bool ready = false;
    json_out_begin(&out, call->arena);
    if (atomic_load(&call->api->open))
        write_serving(call, &out, &ready);
    else
        write_waiting(&out, atomic_load(&call->api->banks));
    call_ok_anywhere(call, &out);
    /* Probes look at the status alone. */
    call->response->status = ready ? 200 : 503;
    call->response->retry_after_s = ready ? 0 : 1;
}
