/* SPDX-License-Identifier: MIT */
#include "server/api/stale.h"

#include <stdio.h>
#include <string.h>

#include "coro/clock.h"
#include "ledger/bank/banks.h"
#include "ledger/ledger_following.h"
#include "server/api/api.h"
#include "server/api/call.h"
#include "server/api/route.h"
#include "server/http/prefer.h"

enum { AWAIT_S = 1, AWAIT_MAX_S = 60, NS_OF_MS = 1000000 };

/* What another server passes on is asked of the owner. */
static bool may_be_stale(const struct call *call)
{
    const struct request *request = call->request;
    return (call->route->flags & ROUTE_MAY_BE_STALE) && !request->hop &&
           prefer_has(request->prefer, "stale");
}

bool stale_serves(const struct call *call)
{
    struct ledger *ledger = NULL;
    if (!may_be_stale(call) ||
        banks_find_followed(call->api->banks, call->path.ledger, &ledger) != LEDGER_OK)
        return false;
    ledger_leave(ledger);
    return true;
}

/* What is told is no older than what is known now, whatever the answer takes. */
static void note_time(struct call *call)
{
    call->known_ns = co_clock_boot_ns() - ledger_followed_ns(call->ledger);
}

bool stale_enter(struct call *call)
{
    call->is_stale = may_be_stale(call) && banks_find_followed(call->api->banks, call->path.ledger,
                                               &call->ledger) == LEDGER_OK;
    if (call->is_stale)
        note_time(call);
    return call->is_stale;
}

/* ---- at least as new as what the client knows ------------------------------------------------ */

/* False: that is no position, and refused. 0: none is asked for. */
static bool read_least(struct call *call, uint64_t *seq)
{
    const char *text = call->request->if_ledger_seq;
    money least = 0;
    bool good = !text || (money_parse(text, strlen(text), false, &least) && least <= INT64_MAX);
    if (!good)
        call_refuse(call, NULL, "If-Ledger-Seq", "must be a journal position");
    *seq = (uint64_t)least;
    return good;
}

bool stale_await(struct call *call)
{
    uint64_t seq;
    if (!(call->route->flags & ROUTE_MAY_BE_STALE))
        return true;
    if (!read_least(call, &seq))
        return false;
    /* Most have none, and need not wait. */
    if (seq <= ledger_durable_seq(call->ledger))
        return true;
    int64_t wait_ns = call_wait_s(call, AWAIT_S, AWAIT_MAX_S) * CO_CLOCK_S;
    enum ledger_status status =
        ledger_await_position(call_context(call), call->ledger, seq, wait_ns);
    note_time(call);
    if (status == LEDGER_OK)
        return true;
    call_refuse_status(call, status, ledger_durable_seq(call->ledger));
    return false;
}

/* ---- the end --------------------------------------------------------------------------------- */

/* What is not there may have come since: that it is not only the owner says. */
static bool may_know(enum ledger_status status)
{
    return status == LEDGER_UNAVAILABLE || status == LEDGER_POSITION_AHEAD ||
           status == LEDGER_ACCOUNT_NOT_FOUND || status == LEDGER_TRANSFER_NOT_FOUND ||
           status == LEDGER_HOLD_NOT_FOUND;
}

bool stale_gives_up(struct call *call)
{
    if (!call->is_stale || call->refusal.problem || !may_know(call->refusal.status))
        return false;
    call->refusal = (struct call_refusal){.status = LEDGER_OK};
    call->is_stale = false;
    ledger_leave(call->ledger);
    call->ledger = NULL;
    return true;
}

void stale_write(struct call *call)
{
    int64_t ms = (co_clock_boot_ns() - call->known_ns + NS_OF_MS - 1) / NS_OF_MS;
    snprintf(call->stale_text, sizeof call->stale_text, "%lld.%03lld", (long long)(ms / 1000),
        (long long)(ms % 1000));
    response_add(call->response, "Ledger-Stale", call->stale_text);
}
