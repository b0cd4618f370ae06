/* SPDX-License-Identifier: MIT */
#include "server/api/refusal.h"

#include <string.h>

#include "ledger/ledger.h"
#include "server/api/api.h"

int refusal_http_status(enum ledger_status status)
{
    static const int of[LEDGER_STATUS_COUNT] = {
        [LEDGER_OK] = 200,
        [LEDGER_KEY_REUSED] = 422,
        [LEDGER_KEY_IN_FLIGHT] = 409,
        [LEDGER_LEDGER_NOT_FOUND] = 404,
        [LEDGER_ACCOUNT_NOT_FOUND] = 404,
        [LEDGER_ACCOUNT_RESERVED] = 403,
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
    /* A new status needs a line above. */
    co_ensure(of[status]);
    return of[status];
}

/* ---- what may be told ---------------------------------------------------------------------- */

/* The ledger said nothing of the request itself: others, or the database, kept it from doing so. */
static bool gave_up(enum ledger_status status)
{
    return status == LEDGER_KEY_IN_FLIGHT || status == LEDGER_OVERLOADED ||
           status == LEDGER_UNAVAILABLE || status == LEDGER_OUTCOME_UNKNOWN;
}

/* Why a ledger was UNAVAILABLE. One that has stopped turns writes away; if it does not read either,
 * that is the database's doing. */
static const char *why_unavailable(const struct call *call)
{
    struct ledger_figures figures = {.state = LEDGER_RUNNING};
    /* From the outside in: the service, the ledger, its clock, its state, the database. */
    if (call->ledger)
        ledger_read_figures(call->ledger, &figures);
    else if (call->api && !atomic_load(&call->api->open))
        return "The service is starting; /readyz says why.";
    else if (call->path.ledger)
        return "This ledger is not open here; /readyz says why.";
    if (figures.awaits_clock)
        return "The clock of this server and the database's are more than a minute apart: nothing "
               "is written meanwhile, reads go on; /readyz says why.";
    if (figures.state == LEDGER_FENCED)
        return "Another server has taken the ledger over.";
    if (figures.state == LEDGER_LOST)
        return "The database has lost what was acknowledged.";
    if (figures.state == LEDGER_STOPPED && call->request->method == REQUEST_POST)
        return "Writes to this ledger have stopped, reads go on; /readyz says why.";
    return "The database is away, or slow.";
}

static struct call_refusal what_may_be_told(
    const struct call *call, const struct call_refusal *recorded)
{
    struct call_refusal shown = *recorded;
    if (!shown.problem && gave_up(shown.status)) {
        uint64_t durable = call->ledger ? ledger_durable_seq(call->ledger) : 0;
        /* What memory knows and the database does not may be lost again, so it is not shown. */
        shown.seq = shown.seq < durable ? shown.seq : durable;
        shown.account = NULL;
        shown.has_available = false;
    }
    if (!shown.problem && shown.status == LEDGER_UNAVAILABLE && !shown.detail)
        shown.detail = why_unavailable(call);
    return shown;
}

/* ---- writing ------------------------------------------------------------------------------- */

/* Where a client learns what became of a request of which it was told nothing. */
static const char *settle_url(struct call *call, const char *key)
{
    struct json_out url;
    const char *path = call_path(call, "transfers", "");
    json_out_begin(&url, call->arena);
    json_out_raw(&url, path, strlen(path) - 1); /* without the last slash */
    json_out_raw(&url, "?key=", 5);
    json_out_percent(&url, key);
    json_out_raw(&url, "", 1);
    return url.text;
}

/* What it is about. */
static void write_members(
    struct json_out *out, struct call *call, const struct call_refusal *refusal)
{
    if (refusal->member) {
        json_out_key(out, "member");
        json_out_text(out, refusal->member);
    }
    if (refusal->ledger) {
        json_out_key(out, "ledger");
        json_out_text(out, refusal->ledger);
    }
    if (refusal->account && refusal->account[0]) {
        json_out_key(out, "account");
        json_out_text(out, refusal->account);
    }
    if (refusal->has_available) {
        json_out_key(out, "available");
        json_out_money(out, refusal->available);
    }
    if (refusal->seq) {
        json_out_key(out, "seq");
        json_out_number(out, refusal->seq);
    }
    if (refusal->status == LEDGER_OUTCOME_UNKNOWN && refusal->key) {
        json_out_key(out, "settle");
        json_out_text(out, refusal->settle ? refusal->settle : settle_url(call, refusal->key));
    }
}

void refusal_answer(struct call *call)
{
    const struct call_refusal refusal = what_may_be_told(call, &call->refusal);
    struct problem problem;
    struct json_out out;
    if (refusal.problem)
        problem = *refusal.problem;
    else
        problem = (struct problem){refusal_http_status(refusal.status), status_name(refusal.status),
            status_text(refusal.status)};
    problem_begin(&out, call->arena, &problem, refusal.detail);
    write_members(&out, call, &refusal);
    problem_end(&out, call->response, &problem);
    if (refusal.problem)
        return;
    /* A client that reads at this position sees why it was refused. */
    call->seq = refusal.seq;
    call->has_seq = refusal.seq != 0 || call->ledger; /* 0: before the first entry */
}

uint64_t refusal_write_item(
    struct json_out *out, struct call *call, const char *key, const struct ledger_outcome *outcome)
{
    const struct call_refusal recorded = call_refusal_of(key, outcome);
    /* The same members as a refusal of its own, in the same order. */
    const struct call_refusal refusal = what_may_be_told(call, &recorded);
    json_out_key(out, "status");
    json_out_number(out, (uint64_t)refusal_http_status(refusal.status));
    json_out_key(out, "replayed");
    json_out_bool(out, outcome->replayed);
    json_out_key(out, "code");
    json_out_text(out, status_name(refusal.status));
    json_out_key(out, "detail");
    json_out_text(out, refusal.detail ? refusal.detail : status_text(refusal.status));
    write_members(out, call, &refusal);
    return refusal.seq;
}
