/* SPDX-License-Identifier: MIT */
#include "server/api/freeze.h"

#include "server/api/accounts.h"
#include "server/api/api.h"
#include "server/api/ledgers.h"
#include "server/api/moves.h"
#include "server/api/render.h"

static const char *const no_members[] = {NULL};

static void set_account(struct request *request, struct response *response, bool frozen)
{
    struct ledger_account account;
    struct problem_of_ledger no = {.account = request->account};
    if (!account_id_is_valid(request->account)) {
        problem_invalid(request, response, "account", ACCOUNT_ID_RULE);
        return;
    }
    if (!api_body(request, response, no_members))
        return;
    struct context *patience = api_patience(request);
    no.status =
        ledger_freeze(patience, request->served, request->account, frozen, &account, &no.seq);
    if (no.status == LEDGER_OK)
        no.status = accounts_complete(request, patience, &account, 1);
    context_release(&patience);
    if (no.status != LEDGER_OK) {
        api_refuse_of(request, response, &no);
        return;
    }
    struct json_out out;
    json_out_begin(&out, &request->arena);
    render_account(&out, &account);
    api_ok(response, &out, no.seq);
}

static void set_ledger(struct request *request, struct response *response, bool frozen)
{
    uint64_t seq = 0;
    if (!api_body(request, response, no_members))
        return;
    struct context *patience = api_patience(request);
    enum ledger_status status = ledger_freeze(patience, request->served, NULL, frozen, NULL, &seq);
    context_release(&patience);
    if (status != LEDGER_OK) {
        api_refuse(request, response, status, seq);
        return;
    }
    ledgers_answer(request, response, request->served);
    response->ledger_seq = seq; /* after which nothing moves; more may have been written since */
}

void freeze_account(struct request *request, struct response *response)
{
    set_account(request, response, true);
}

void freeze_account_end(struct request *request, struct response *response)
{
    set_account(request, response, false);
}

void freeze_ledger(struct request *request, struct response *response)
{
    set_ledger(request, response, true);
}

void freeze_ledger_end(struct request *request, struct response *response)
{
    set_ledger(request, response, false);
}
