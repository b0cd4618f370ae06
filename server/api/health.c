/* SPDX-License-Identifier: MIT */
#include "server/api/health.h"

#include <stdio.h>
#include <string.h>

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
    case LEDGER_CLOSED: /* whoever asks for it opens it */
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
 * are elsewhere, of the first. Those that are at rest, or opened from there, do not count. False:
 * there is none. */
static bool read_worst(struct arena *arena, struct bank *bank, struct ledger_figures *worst)
{
    struct ledger_figures each;
    size_t room = bank_count(bank);
    size_t *indexes = arena_alloc(arena, (room + 1) * sizeof *indexes);
    size_t kept = bank_list_kept(bank, indexes, room);
    bool has_any = false;
    *worst = (struct ledger_figures){.state = LEDGER_OPENING};
    for (size_t i = 0; i < kept && (!has_any || how_bad(worst) < 2); i++) {
        bank_figures(bank, indexes[i], &each);
        bool tells_more = how_bad(&each) == 2 || (how_bad(&each) == 0 && how_bad(worst) == 1);
        if (each.state != LEDGER_CLOSED && (!has_any || tells_more)) {
            *worst = each;
            has_any = true;
        }
    }
    return has_any;
}

/* How a database is doing. */
struct health {
    struct ledger_figures worst; /* of its ledgers; the state is that of the database */
    const char *stuck;           /* why it is not well; NULL: it is */
    bool has_ledgers;
};

static void examine(struct arena *arena, struct banks *banks, size_t index, struct health *health)
{
    char why[LEDGER_REASON];
    bool is_well = banks_is_well(banks, index, why);
    struct bank *bank = banks_at(banks, index);
    /* It has not been there since the start. */
    if (!bank) {
        *health = (struct health){
            .worst.state = LEDGER_OPENING, .stuck = "none of its ledgers is served"};
        memcpy(health->worst.reason, why, sizeof why);
        return;
    }
    health->has_ledgers = read_worst(arena, bank, &health->worst);
    if (is_well && !health->has_ledgers)
        health->worst = (struct ledger_figures){.state = LEDGER_RUNNING};
    health->stuck = why_not_running(&health->worst);
}

/* Before the bank is open, or while it is not. */
static void write_waiting(struct json_out *out, const struct api *api)
{
    char why[LEDGER_REASON] = "";
    struct banks *banks = atomic_load(&api->banks);
    /* The bank itself knows what it waits for; once it is open, tokens are read. */
    if ((!banks || banks_is_open(banks, why)) && atomic_load(&api->awaits_database))
        snprintf(why, sizeof why, "the database is away");
    if (!*why)
        snprintf(why, sizeof why, "the service is starting");
    json_out_open(out, '{');
    json_out_key(out, "ready");
    json_out_bool(out, false);
    json_out_key(out, "state");
    json_out_text(out, "opening");
    json_out_key(out, "reason");
    json_out_text(out, why);
    json_out_close(out, '}');
}

/* The members that tell how a database is doing, and of it the ledger that is to blame. */
static void write_health(struct json_out *out, const struct health *health, const char *reason)
{
    const struct ledger_figures *figures = &health->worst;
    json_out_key(out, "ready");
    json_out_bool(out, !reason);
    json_out_key(out, "state");
    json_out_text(out, ledgers_state_name(figures->state));
    if (reason)
        write_reason(out, figures, reason);
    if (!health->stuck || !figures->name)
        return;
    json_out_key(out, "ledger");
    json_out_text(out, figures->name);
    if (figures->audit_wrong_seq) {
        json_out_key(out, "wrong_seq");
        json_out_number(out, figures->audit_wrong_seq);
    }
}

/* A look at each, of which all is told. */
static struct health *examine_all(struct call *call, struct banks *banks)
{
    struct health *all = arena_alloc(call->arena, banks_count(banks) * sizeof *all);
    for (size_t i = 0; i < banks_count(banks); i++)
        examine(call->arena, banks, i, &all[i]);
    return all;
}

static void write_databases(struct json_out *out, struct banks *banks, const struct health *all)
{
    json_out_key(out, "databases");
    json_out_open(out, '[');
    for (size_t i = 0; i < banks_count(banks); i++) {
        json_out_open(out, '{');
        json_out_key(out, "database");
        json_out_text(out, banks_database(banks, i));
        write_health(out, &all[i], all[i].stuck);
        json_out_close(out, '}');
    }
    json_out_close(out, ']');
}

/* Of several databases the first of which ledgers are served; if there is none, the first. One that
 * is away must not have the ledgers of the others taken out of service. */
static const struct health *find_well(const struct health *all, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!all[i].stuck && all[i].has_ledgers)
            return &all[i];
    return all;
}

static void write_serving(struct call *call, struct json_out *out, bool *ready)
{
    struct banks *banks = atomic_load(&call->api->banks);
    const struct health *all = examine_all(call, banks);
    const struct health *health = find_well(all, banks_count(banks));
    /* Told before the port is closed, so that a load balancer turns elsewhere in time. */
    const char *reason =
        atomic_load(&call->api->stopping) ? "the service is stopping" : health->stuck;
    *ready = !reason;
    json_out_open(out, '{');
    write_health(out, health, reason);
    if (banks_count(banks) > 1)
        write_databases(out, banks, all);
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
        write_waiting(&out, call->api);
    call_ok_anywhere(call, &out);
    /* Probes look at the status alone. */
    call->response->status = ready ? 200 : 503;
    call->response->retry_after_s = ready ? 0 : 1;
}
