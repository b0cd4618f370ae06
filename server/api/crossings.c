/* SPDX-License-Identifier: MIT */
/*
 * A transfer between ledgers is told from its entries in the ledger that pays: from the first, and
 * from the one that ended it. Neither ever changes, so a replay is the first answer to the byte.
 */
#include "server/api/crossings.h"

#include <string.h>

#include "server/api/api.h"
#include "server/api/elsewhere.h"
#include "server/api/moves.h"
#include "server/api/request_key.h"
#include "server/crossing/crossing.h"

/* ---- reading ------------------------------------------------------------------------------- */

static const char *read_name(struct call *call, const struct body *end)
{
    const char *name = json_in_text(end->members[BODY_LEDGER]);
    if (!name || !bank_name_is_valid(name)) {
        body_refuse(call, end, BODY_LEDGER, "must be the name of a ledger");
        return NULL;
    }
    if (token_grant_has_ledger(&call->grant, name))
        return call_copy(call, name);
    body_refuse(call, end, BODY_LEDGER, "is not one of those that the token is bound to");
    /* Nothing is wrong with the request itself. */
    call->refusal.problem = &problem_forbidden;
    return NULL;
}

static bool read_end(
    struct call *call, const struct json_in *value, const char *name, struct crossing_end *end)
{
    /* Only a refusal reads it, so it may stand on the stack. */
    const struct call_place place = {.member = name, .index = CALL_NO_ARRAY};
    struct body body;
    if (!body_take_apart(call, value, &place, BODY_HAS_LEDGER | BODY_HAS_ACCOUNT,
            "is not a member of an account between ledgers", &body) ||
        !(end->ledger = read_name(call, &body)))
        return false;
    const char *account = json_in_text(body.members[BODY_ACCOUNT]);
    if (!account || !account_id_is_valid(account)) {
        body_refuse(call, &body, BODY_ACCOUNT, ACCOUNT_ID_RULE);
        return false;
    }
    end->account = call_copy(call, account);
    return body_may_touch(call, &body, BODY_ACCOUNT, account);
}

static bool has_key(struct call *call, const char *key)
{
    if (!key)
        call_refuse(call, NULL, "Idempotency-Key",
            "is needed between ledgers: it is what a retry is known by");
    return key != NULL;
}

static bool read_crossing(struct call *call, struct crossing *asked)
{
    const uint64_t known = BODY_HAS_FROM | BODY_HAS_TO | BODY_HAS_AMOUNT | BODY_HAS_METADATA;
    const struct call_place to = {.member = "to", .index = CALL_NO_ARRAY};
    struct body body;
    if (!moves_read_key(call, &asked->key) || !has_key(call, asked->key) ||
        !body_read(call, known, &body) ||
        !read_end(call, body.members[BODY_FROM], "from", &asked->from) ||
        !read_end(call, body.members[BODY_TO], "to", &asked->to) ||
        !moves_read_amount(call, &body, &asked->amount) ||
        !body_metadata(call, &body, &asked->metadata, &asked->meaning))
        return false;
    if (strcmp(asked->from.ledger, asked->to.ledger) != 0)
        return true;
    call_refuse(call, &to, "ledger",
        "must be another one than from.ledger: within a ledger, /v1/ledgers/LEDGER/transfers moves "
        "money");
    return false;
}

/* ---- where it is carried out ----------------------------------------------------------------- */

/* Where it is told what became of a key. */
static const char *path_of(struct call *call, const char *ledger, const char *key)
{
    static const char path[] = "/v1/transfers?ledger=";
    struct json_out url;
    json_out_begin(&url, call->arena);
    json_out_raw(&url, path, sizeof path - 1);
    json_out_percent(&url, ledger);
    json_out_raw(&url, "&key=", 5);
    json_out_percent(&url, key);
    json_out_raw(&url, "", 1);
    return url.text;
}

/* Something was held, so none may say that nothing was done. A server that has passed the request
 * on is told to ask whoever has the ledger next. */
static void refuse_begun(struct call *call, const char *key)
{
    bool is_others = call->refusal.problem == &problem_not_owner;
    call->refusal = (struct call_refusal){.key = key};
    call_refuse_status(call, LEDGER_OUTCOME_UNKNOWN, 0);
    if (is_others)
        response_add(call->response, FORWARD_MOVED_HEADER, "1");
}

/* The ledger that pays is the call's, as if the path had named it. False: it is refused, or the
 * server that has the ledger has answered. `key` NULL: nothing is to be done with it. */
static bool enter(struct call *call, const char *name, const char *key)
{
    call->path.ledger = name;
    if (elsewhere_enter(call) && (!call->elsewhere || elsewhere_answer(call, key != NULL)))
        return true;
    if (!call_is_refused(call))
        return false;
    if (call->has_begun)
        refuse_begun(call, key);
    call->refusal.ledger = name;
    /* A transfer between ledgers is not asked for where others are. */
    if (key)
        call->refusal.settle = path_of(call, name, key);
    return false;
}

/* ---- answers ------------------------------------------------------------------------------- */

/* 0 is null. */
static void member_position(struct json_out *out, const char *name, uint64_t seq)
{
    json_out_key(out, name);
    if (seq)
        json_out_number(out, seq);
    else
        json_out_json(out, NULL);
}

static void write_end(struct json_out *out, const char *name, const struct crossing_end *end)
{
    json_out_key(out, name);
    json_out_open(out, '{');
    json_out_member(out, "ledger", end->ledger);
    json_out_member(out, "account", end->account);
    json_out_close(out, '}');
}

static bool read_settled(
    struct arena *arena, const struct entry *settled, struct crossing_end_told *told)
{
    const char *text = settled->metadata;
    return text && crossing_end_read(arena, text, strlen(text), told);
}

/* How it stands: `told` is what the ledger that is paid has answered; NULL: not known yet. */
static void write_state(struct json_out *out, const struct crossing *crossing,
    const struct entry *first, const struct crossing_end_told *told)
{
    bool here = first->kind == ENTRY_REJECTED, refused = here || (told && told->status);
    const char *account = told ? told->account : NULL;
    if (here)
        account = first->account ? first->account->id : NULL;
    json_out_member(out, "state", refused ? "refused" : told ? "done" : "open");
    json_out_key(out, "refused");
    if (!refused) {
        json_out_json(out, NULL);
        return;
    }
    json_out_open(out, '{');
    json_out_member(out, "code", status_name(here ? first->code : told->status));
    json_out_member(out, "ledger", here ? crossing->from.ledger : crossing->to.ledger);
    json_out_member(out, "account", account);
    json_out_close(out, '}');
}

static void write_crossing(struct json_out *out, const struct crossing *crossing,
    const struct entry *first, const struct entry *settled, const struct crossing_end_told *told)
{
    json_out_open(out, '{');
    json_out_key(out, "id");
    json_out_number(out, first->seq);
    json_out_member(out, "key", crossing->key);
    write_end(out, "from", &crossing->from);
    write_end(out, "to", &crossing->to);
    json_out_key(out, "amount");
    json_out_money(out, crossing->amount);
    json_out_member(out, "asset", crossing->asset);
    write_state(out, crossing, first, told);
    member_position(out, "transfer", told && !told->status ? told->seq : 0);
    member_position(out, "settled_by", settled ? settled->seq : 0);
    json_out_key(out, "metadata");
    json_out_json(out, crossing->metadata);
    json_out_key(out, "at");
    json_out_time(out, first->at_us);
    json_out_close(out, '}');
}

/* Its entries do not say what they should. */
static void refuse_damaged(struct call *call, uint64_t seq)
{
    if (call->arena->is_short)
        call_refuse_short(call);
    else
        call_refuse_status(call, LEDGER_DAMAGED, seq);
}

/* It has ended, and how is told as it was the first time. */
static void answer_ended(struct call *call, const struct crossing_outcome *outcome)
{
    const struct entry *first = outcome->first.entry, *settled = outcome->settled;
    struct crossing_end_told told;
    struct crossing crossing;
    if (!crossing_read(call->arena, call->path.ledger, first, &crossing) ||
        !read_settled(call->arena, settled, &told)) {
        refuse_damaged(call, settled->seq);
    } else if (told.status == LEDGER_OK) {
        struct json_out out;
        json_out_begin(&out, call->arena);
        write_crossing(&out, &crossing, first, settled, &told);
        call_created(call, &out, settled->seq, path_of(call, crossing.from.ledger, crossing.key));
    } else {
        call_refuse_account(call, told.status, settled->seq, told.account);
        call->refusal.ledger = crossing.to.ledger;
    }
}

static void answer_refused(
    struct call *call, const struct crossing *asked, const struct crossing_outcome *outcome)
{
    struct ledger_outcome told = outcome->first;
    told.status = outcome->status;
    if (call->has_begun && (told.status == LEDGER_UNAVAILABLE || told.status == LEDGER_OVERLOADED))
        told.status = LEDGER_OUTCOME_UNKNOWN;
    /* What was held is not what became of it. */
    if (told.status == LEDGER_OUTCOME_UNKNOWN)
        told.seq = ledger_durable_seq(call->ledger);
    call_refuse_outcome(call, asked->key, &told);
    call->refusal.ledger = outcome->ledger;
    call->refusal.settle = path_of(call, asked->from.ledger, asked->key);
    if (told.status == LEDGER_UNAVAILABLE && outcome->ledger == asked->to.ledger)
        call->refusal.detail =
            "The ledger that is to be paid does not take this now, or no server has it that can be "
            "asked. Nothing was done.";
}

static void drop(struct crossing_outcome *outcome)
{
    if (outcome->settled)
        entry_drop(&outcome->settled);
    if (outcome->first.entry)
        entry_drop(&outcome->first.entry);
}

/* To its end, or as far as it goes. As long as the ledger that pays is about to be closed, mostly
 * as it goes to another server, it is left and waited for. False: whoever has it next has answered,
 * or it is refused. */
static bool carry_out(
    struct call *call, const struct crossing *asked, struct crossing_outcome *outcome)
{
    const struct crossing_means means = {.banks = call->api->banks, .forward = call->api->forward};
    bool is_new = false;
    for (;;) {
        crossing_carry_out(call_context(call), &means, call->ledger, asked, call->arena, outcome);
        call_ledger_answered(call);
        /* The first step may be this call's, though it was taken in a former turn. */
        is_new = is_new || (outcome->first.entry && !outcome->first.replayed);
        outcome->first.replayed = outcome->first.replayed && !is_new;
        if (!outcome->moves)
            return true;
        call->has_begun = call->has_begun || outcome->status == LEDGER_OUTCOME_UNKNOWN;
        drop(outcome);
        elsewhere_leave(call);
        if (!enter(call, asked->from.ledger, asked->key))
            return false;
    }
}

void crossings_post(struct call *call)
{
    struct crossing asked = {.key = NULL};
    struct crossing_outcome outcome;
    if (!read_crossing(call, &asked))
        return;
    body_forget(call);
    if (!enter(call, asked.from.ledger, asked.key) || !carry_out(call, &asked, &outcome))
        return;
    if (outcome.status == LEDGER_OK)
        answer_ended(call, &outcome);
    else
        answer_refused(call, &asked, &outcome);
    call->replayed = outcome.first.replayed && outcome.status != LEDGER_OUTCOME_UNKNOWN;
    drop(&outcome);
}

/* ---- what became of a key ------------------------------------------------------------------ */

/* Those of others are not there. */
static bool may_see(const struct call *call, const struct crossing *crossing)
{
    const struct token_grant *grant = &call->grant;
    return token_grant_has_ledger(grant, crossing->to.ledger) &&
           token_grant_has_account(grant, crossing->from.account) &&
           token_grant_has_account(grant, crossing->to.account);
}

static bool write_item(
    struct call *call, struct json_out *out, const struct entry *first, const struct entry *settled)
{
    struct crossing_end_told told;
    struct crossing crossing;
    if (!crossing_read(call->arena, call->path.ledger, first, &crossing) ||
        (settled && !read_settled(call->arena, settled, &told)))
        return false;
    if (may_see(call, &crossing))
        write_crossing(out, &crossing, first, settled, settled ? &told : NULL);
    return true;
}

static bool read_query(struct call *call, const char **ledger, const char **key)
{
    *ledger = request_query(call->request, "ledger");
    *key = request_query(call->request, "key");
    if (!*ledger || !bank_name_is_valid(*ledger)) {
        call_refuse(call, NULL, "ledger", "must be the name of the ledger that pays");
        return false;
    }
    if (!token_grant_has_ledger(&call->grant, *ledger)) {
        call_refuse_as(call, &problem_forbidden, "The token is bound to other ledgers.");
        return false;
    }
    if (!request_key_is_valid(*key))
        call_refuse(call, NULL, "key", REQUEST_KEY_RULE);
    return request_key_is_valid(*key);
}

void crossings_list(struct call *call)
{
    struct crossing_found found;
    const char *ledger, *key;
    struct json_out out;
    if (!read_query(call, &ledger, &key) || !enter(call, ledger, NULL))
        return;
    enum ledger_status status =
        crossing_find(call_context(call), call->ledger, ledger, key, &found);
    call_ledger_answered(call);
    json_out_begin(&out, call->arena);
    json_out_open(&out, '{');
    json_out_key(&out, "items");
    json_out_open(&out, '[');
    /* Nothing was done with it: an empty list, not an error. */
    if (status == LEDGER_OK && !write_item(call, &out, found.hold, found.settled))
        refuse_damaged(call, found.seq);
    else if (status != LEDGER_OK && status != LEDGER_TRANSFER_NOT_FOUND)
        call_refuse_status(call, status, found.seq);
    if (found.hold)
        entry_drop(&found.hold);
    if (found.settled)
        entry_drop(&found.settled);
    if (call_is_refused(call))
        return;
    json_out_close(&out, ']');
    /* A key stands for one at most; `next` is there as in every list. */
    json_out_key(&out, "next");
    json_out_json(&out, NULL);
    json_out_close(&out, '}');
    call_ok(call, &out, found.seq);
}
