/* SPDX-License-Identifier: MIT */
#include "server/api/accounts.h"

#include <string.h>

#include "server/api/body.h"
#include "server/api/paging.h"
#include "server/api/render.h"
#include "server/api/sight.h"
#include "server/text/time_text.h"

static const char *copy_metadata(void *arg, const char *text)
{
    return call_copy(arg, text);
}

enum ledger_status accounts_complete(
    struct call *call, struct ledger_account *accounts, size_t count)
{
    enum ledger_status status =
        ledger_metadata(call_context(call), call->ledger, accounts, count, copy_metadata, call);
    call_ledger_answered(call);
    return status;
}

static void answer_account(struct call *call, const struct ledger_account *account, uint64_t seq)
{
    struct json_out out;
    json_out_begin(&out, call->arena);
    render_account(&out, account);
    call_ok(call, &out, seq);
}

static bool read_floor(
    struct call *call, const struct body *body, struct ledger_open_account *account)
{
    const struct json_in *floor = body->members[BODY_FLOOR];
    /* Not given, it is 0; null is none at all. */
    account->has_floor = !floor || !json_in_is_null(floor);
    account->floor = 0;
    if (!floor || json_in_is_null(floor))
        return true;
    if (json_in_money(floor, true, &account->floor) && account->floor <= 0)
        return true;
    body_refuse(call, body, BODY_FLOOR, "must be null, or a whole number of at most 0");
    return false;
}

/* The rule that the id of a new account breaks; NULL: none. */
static const char *broken_rule(const char *id)
{
    char asset[ASSET_TEXT];
    if (!id || !account_id_is_valid(id))
        return ACCOUNT_ID_RULE;
    /* Clients and proxies take such segments out of a path. */
    if (!account_id_is_free(id))
        return "must not be \".\" or \"..\": in a path they are other places";
    if (strncmp(id, "world:", 6) == 0 || asset_of_world_id(id, asset))
        return "\"world:\" is reserved: such accounts exist by themselves";
    return NULL;
}

static bool read_account(struct call *call, struct ledger_open_account *account)
{
    const uint64_t known = BODY_HAS_ID | BODY_HAS_ASSET | BODY_HAS_FLOOR | BODY_HAS_METADATA;
    struct entry_meaning meaning; /* of what is there already it is asked then */
    struct body body;
    if (!body_read(call, known, &body))
        return false;
    /* The ledger knows no JSON, so it is told how to compare metadata. */
    *account = (struct ledger_open_account){.means_same = json_in_means_same};
    account->id = json_in_text(body.members[BODY_ID]);
    account->asset = json_in_text(body.members[BODY_ASSET]);
    const char *rule = broken_rule(account->id);
    if (rule)
        body_refuse(call, &body, BODY_ID, rule);
    else if (!body_may_touch(call, &body, BODY_ID, account->id))
        return false;
    else if (!account->asset || !asset_is_valid(account->asset))
        body_refuse(call, &body, BODY_ASSET, ASSET_RULE);
    else
        return read_floor(call, &body, account) &&
               body_metadata(call, &body, &account->metadata, &meaning);
    return false;
}

void accounts_post(struct call *call)
{
    struct ledger_open_account wanted;
    struct ledger_account account;
    bool opened = false;
    uint64_t seq = 0;
    if (!read_account(call, &wanted))
        return;
    enum ledger_status status =
        ledger_open_account(call_context(call), call->ledger, &wanted, &account, &opened, &seq);
    /* Memory need not have the metadata, so it is asked for apart. */
    if (status == LEDGER_OK)
        status = accounts_complete(call, &account, 1);
    if (status != LEDGER_OK) {
        call_refuse_account(call, status, seq, wanted.id);
        return;
    }
    answer_account(call, &account, seq);
    /* Opening it once more with the same terms is 200. */
    if (opened) {
        call->response->status = 201;
        call->location = call_path(call, "accounts", account.id);
    }
}

/* `at` is a position, or a time. Nothing was open at position 0, nor in 1970. */
static bool query_at(struct call *call, struct ledger_moment *moment)
{
    const char *at = request_query(call->request, "at");
    money position;
    *moment = (struct ledger_moment){.seq = 0};
    /* A bare number is a position, never a year. */
    if (money_parse(at, strlen(at), false, &position) && position <= INT64_MAX)
        moment->seq = (uint64_t)position;
    else if (!time_read(at, &moment->at_us)) {
        call_refuse(call, NULL, "at",
            "must be a journal position, or a time such as 2026-11-21T09:00:00.123456Z or "
            "2026-11-21");
        return false;
    }
    return true;
}

void accounts_get(struct call *call)
{
    const char *id = call->path.account;
    struct ledger_account account;
    struct ledger_moment at;
    uint64_t seq = 0;
    bool then = request_query(call->request, "at") != NULL;
    if (!call_names_account(call) || (then && !query_at(call, &at)))
        return;
    /* The present is in memory, the past in the database. */
    enum ledger_status status =
        then ? ledger_read_account_at(call_context(call), call->ledger, id, &at, &account, &seq)
             : ledger_read_account(call_context(call), call->ledger, id, &account, &seq);
    if (status == LEDGER_OK)
        status = accounts_complete(call, &account, 1);
    if (status == LEDGER_OK)
        answer_account(call, &account, seq);
    else
        call_refuse_account(call, status, seq, id);
}

/* A parameter that is an account id; NULL if it was not given. */
static bool query_id(struct call *call, const char *name, const char **value)
{
    *value = request_query(call->request, name);
    if (!*value || account_id_is_valid(*value))
        return true;
    call_refuse(call, NULL, name, ACCOUNT_ID_RULE);
    return false;
}

static void answer_list(struct call *call, const struct ledger_account_page *page)
{
    struct json_out out;
    json_out_begin(&out, call->arena);
    json_out_open(&out, '{');
    json_out_key(&out, "items");
    json_out_open(&out, '[');
    size_t written = 0, yielded_at = 0;
    /* A page is bounded in bytes too, as metadata may be long. */
    while (written < page->count && out.length < CALL_PAGE_BYTES) {
        render_account(&out, &page->accounts[written++]);
        render_yield(&out, &yielded_at);
    }
    json_out_close(&out, ']');
    json_out_key(&out, "next");
    /* A page that was cut short in bytes has a next one, too. */
    bool more = page->more || written < page->count;
    json_out_text(&out, more ? page->accounts[written - 1].id : NULL);
    json_out_close(&out, '}');
    call_ok(call, &out, page->seq);
}

/* A bound token lists what is below one of its prefixes: the one that it has, if it names none. */
static bool query_prefix(struct call *call, const char **prefix)
{
    const char *given = request_query(call->request, "prefix");
    /* The beginning of an id has the same characters as an id, if it has any. */
    if (given && !*given)
        *prefix = given;
    else if (!query_id(call, "prefix", prefix))
        return false;
    if (!*prefix)
        *prefix = token_grant_only_prefix(&call->grant);
    return sight_may_touch(call, NULL, "prefix", *prefix ? *prefix : "");
}

/* Where the list begins and ends, and in which direction it goes. */
static bool query_bounds(struct call *call, struct ledger_account_query *query)
{
    const char *page;
    if (!paging_read_order(call, &query->backwards) || !query_id(call, "page", &page) ||
        !query_id(call, "after", &query->after) || !query_id(call, "before", &query->before))
        return false;
    const char **begins = query->backwards ? &query->before : &query->after;
    /* The narrower one: a page lies within the bounds. */
    if (page && (!*begins || (strcmp(page, *begins) < 0) == query->backwards))
        *begins = page;
    return true;
}

void accounts_list(struct call *call)
{
    struct ledger_account_query query = {.asset = request_query(call->request, "asset")};
    uint64_t limit;
    if (!query_prefix(call, &query.prefix))
        return;
    if (query.asset && !asset_is_valid(query.asset)) {
        call_refuse(call, NULL, "asset", ASSET_RULE);
        return;
    }
    if (!query_bounds(call, &query) || !paging_read_limit(call, &limit))
        return;
    /* The client chooses the size, so it may not come out of the reserve. */
    struct ledger_account_page page = {.limit = limit};
    page.accounts = arena_try(call->arena, limit * sizeof *page.accounts);
    if (!page.accounts) {
        call_refuse_short(call);
        return;
    }
    enum ledger_status status =
        ledger_list_accounts(call_context(call), call->ledger, &query, &page);
    if (status == LEDGER_OK)
        status = accounts_complete(call, page.accounts, page.count);
    if (status == LEDGER_OK)
        answer_list(call, &page);
    else
        call_refuse_status(call, status, page.seq);
}
