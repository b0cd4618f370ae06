/* SPDX-License-Identifier: MIT */
#include "server/api/freeze.h"

#include "server/api/accounts.h"
#include "server/api/body.h"
#include "server/api/ledgers.h"
#include "server/api/render.h"

static void set_account(struct call *call, bool frozen)
{
    const char *id = call->path.account;
    struct ledger_account account;
    struct body body;
    uint64_t seq = 0;
    if (!call_names_account(call) || !body_read(call, BODY_NOTHING, &body))
        return;
    enum ledger_status status =
        ledger_freeze(call_context(call), call->ledger, id, frozen, &account, &seq);
    /* The answer is the account as a reader sees it, metadata included. */
    if (status == LEDGER_OK)
        status = accounts_complete(call, &account, 1);
    if (status != LEDGER_OK) {
        call_refuse_account(call, status, seq, id);
        return;
    }
    struct json_out out;
    json_out_begin(&out, call->arena);
    render_account(&out, &account);
    call_ok(call, &out, seq);
}

static void set_ledger(struct call *call, bool frozen)
{
    uint64_t seq = 0;
    struct body body;
    if (!body_read(call, BODY_NOTHING, &body))
        return;
    enum ledger_status status =
        ledger_freeze(call_context(call), call->ledger, NULL, frozen, NULL, &seq);
    if (status != LEDGER_OK) {
        call_refuse_status(call, status, seq);
        return;
    }
    ledgers_answer(call);
    call->seq = seq; /* after which nothing moves; more may have been written since */
}

void freeze_account(struct call *call)
{
    set_account(call, true);
}

void freeze_account_end(struct call *call)
{
    set_account(call, false);
}

void freeze_ledger(struct call *call)
{
    set_ledger(call, true);
}

void freeze_ledger_end(struct call *call)
{
    set_ledger(call, false);
}
