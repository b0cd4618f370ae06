/* SPDX-License-Identifier: MIT */
#include "server/api/owners.h"

#include "ledger/bank/banks.h"
#include "server/api/api.h"
#include "server/api/body.h"

static const struct problem gone = {409, "server_gone",
                                "That server has stopped, or was declared dead."},
                            unknown = {422, "server_unknown", "There never was such a server."};

static bool read_server(struct call *call, struct body *body, uint64_t *server)
{
    money number = 0;
    if (!body_read(call, BODY_HAS_SERVER, body))
        return false;
    if (json_in_money(body->members[BODY_SERVER], false, &number) && number >= 1 &&
        number <= INT64_MAX) {
        *server = (uint64_t)number;
        return true;
    }
    body_refuse(call, body, BODY_SERVER, "must be the number of a server");
    return false;
}

static void write_number(struct json_out *out, const char *name, uint64_t number)
{
    json_out_key(out, name);
    if (number)
        json_out_number(out, number);
    else
        json_out_json(out, NULL);
}

static void answer(struct call *call, uint64_t owner, uint64_t wanted)
{
    struct json_out out;
    json_out_begin(&out, call->arena);
    json_out_open(&out, '{');
    json_out_key(&out, "ledger");
    json_out_text(&out, call->path.ledger);
    write_number(&out, "owner", owner);
    write_number(&out, "wanted", wanted);
    json_out_close(&out, '}');
    call_ok_anywhere(call, &out);
}

/* It is only asked for here: the owner hands it over when it sees that. */
void owners_post(struct call *call)
{
    struct banks *banks = call->api->banks;
    const char *ledger = call->path.ledger;
    struct bank_owner owner;
    struct body body;
    uint64_t server = 0;
    if (!read_server(call, &body, &server))
        return;
    switch (banks_want(call_context(call), banks, ledger, server)) {
    case BANK_WANTED:
        (void)banks_owner(banks, ledger, &owner);
        answer(call, owner.server, server);
        call->response->status = 202;
        return;
    case BANK_THERE:
        answer(call, server, 0);
        return;
    case BANK_GONE:
        call_refuse_as(call, &gone, NULL);
        return;
    case BANK_UNKNOWN:
        call_refuse_as(call, &unknown, NULL);
        return;
    case BANK_NO_LEDGER:
        call_refuse_status(call, LEDGER_LEDGER_NOT_FOUND, 0);
        return;
    case BANK_AWAY: /* it may have got there, and the answer not here */
        break;
    }
    call_refuse_status(call, LEDGER_OUTCOME_UNKNOWN, 0);
}
