/* SPDX-License-Identifier: MIT */
/*
 * The server that has the ledger which pays asks for the step in this one. What is to be done
 * stands in the journal of the other ledger, and is read there: so no token is asked for, as
 * nothing can be had done that was not decided, and done twice it is done once. Whoever does not
 * know that journal learns nothing: it must say what only its reader can (crossing_proof()). Until
 * it has, it is answered the same whatever ledgers there are, here or elsewhere.
 */
#include "server/api/arrivals.h"

#include <string.h>

#include "ledger/bank/banks_elsewhere.h"
#include "server/api/api.h"
#include "server/api/body.h"
#include "server/api/elsewhere.h"
#include "server/crossing/crossing.h"

/* What is asked for. */
struct arrival {
    const char *ledger, *proof;
    uint64_t hold;
};

static bool read_arrival(struct call *call, struct arrival *asked)
{
    struct body body;
    money hold;
    if (!body_read(call, BODY_HAS_LEDGER | BODY_HAS_ID | BODY_HAS_KEY, &body))
        return false;
    const char *ledger = json_in_text(body.members[BODY_LEDGER]);
    const char *proof = json_in_text(body.members[BODY_KEY]);
    if (!ledger || !bank_name_is_valid(ledger))
        body_refuse(call, &body, BODY_LEDGER, "must be the name of the ledger that pays");
    else if (!json_in_money(body.members[BODY_ID], false, &hold) || hold < 1 || hold > INT64_MAX)
        body_refuse(call, &body, BODY_ID, "must be the position of a hold in that ledger");
    else if (!proof || strlen(proof) != CROSSING_PROOF - 1)
        body_refuse(call, &body, BODY_KEY, "must be the hash of that hold, in hexadecimal digits");
    if (call_is_refused(call))
        return false;
    *asked = (struct arrival){call_copy(call, ledger), call_copy(call, proof), (uint64_t)hold};
    return true;
}

/* What the hold says is to be done in the ledger of the path. False: nothing is, and whoever asks
 * need not know why. */
static bool is_meant(struct call *call, const struct arrival *asked,
    const struct banks_elsewhere *hold, struct crossing *crossing)
{
    char proof[CROSSING_PROOF];
    const struct entry entry = {.key = hold->key, .metadata = hold->metadata};
    crossing_proof(hold->key, hold->metadata, proof);
    return strcmp(proof, asked->proof) == 0 &&
           crossing_read(call->arena, asked->ledger, &entry, crossing) &&
           strcmp(crossing->to.ledger, call->path.ledger) == 0;
}

static bool find_crossing(struct call *call, const struct arrival *asked, struct crossing *crossing)
{
    struct banks_elsewhere hold;
    enum ledger_status status = banks_elsewhere_hold(
        call_context(call), call->api->banks, asked->ledger, asked->hold, &hold);
    if (status == LEDGER_LEDGER_NOT_FOUND ||
        (status == LEDGER_OK && !is_meant(call, asked, &hold, crossing)))
        status = LEDGER_HOLD_NOT_FOUND;
    banks_elsewhere_free(&hold);
    if (call->arena->is_short)
        call_refuse_short(call);
    else if (status != LEDGER_OK)
        call_refuse_status(call, status, 0);
    return !call_is_refused(call);
}

static void answer(struct call *call, const struct crossing_end_told *told)
{
    struct json_out out;
    json_out_begin(&out, call->arena);
    crossing_end_write(&out, told);
    call_ok(call, &out, told->seq);
}

void arrivals_post(struct call *call)
{
    struct arrival asked;
    struct crossing crossing;
    struct crossing_end_told told;
    if (!read_arrival(call, &asked))
        return;
    body_forget(call);
    if (!find_crossing(call, &asked, &crossing) || !elsewhere_enter(call))
        return;
    enum ledger_status status =
        crossing_pay(call_context(call), call->ledger, &crossing, asked.hold, call->arena, &told);
    call_ledger_answered(call);
    if (status == LEDGER_OK)
        answer(call, &told);
    else
        call_refuse_status(call, status, 0);
}
