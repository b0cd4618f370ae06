/* SPDX-License-Identifier: MIT */
#include "server/api/accounts.h"

#include <string.h>

#include "server/api/api.h"
#include "server/http/problem.h"
#include "server/api/render.h"
#include "server/text/time_text.h"

enum { LIST_LIMIT = 100, LIST_MAX = 1000 };

static const char *copy_metadata(void *arg, const char *text)
{
    return api_copy(arg, text);
}

enum ledger_status accounts_complete(struct request *request, struct context *patience,
    struct ledger_account *accounts, size_t count)
{
    return ledger_metadata(patience, request->served, accounts, count, copy_metadata, request);
}

static void answer_account(struct request *request, struct response *response,
    const struct ledger_account *account, uint64_t seq)
{
    struct json_out out;
    json_out_begin(&out, &request->arena);
    render_account(&out, account);
    api_ok(response, &out, seq);
}

static bool read_floor(struct request *request, struct response *response,
    const struct json_in *body, struct ledger_open_account *account)
{
    const struct json_in *floor = json_in_member(body, "floor");
    account->has_floor = !floor || !json_in_is_null(floor);
    account->floor = 0;
    if (!floor || json_in_is_null(floor))
        return true;
    if (json_in_money(floor, true, &account->floor) && account->floor <= 0)
        return true;
    problem_invalid(request, response, "floor", "must be null, or a whole number of at most 0");
    return false;
}

static bool read_account(
    struct request *request, struct response *response, struct ledger_open_account *account)
{
    static const char *const names[] = {"id", "asset", "floor", "metadata", NULL};
    char asset[ASSET_TEXT];
    struct entry_meaning meaning; /* of what is there already it is asked then */
    const struct json_in *body = api_body(request, response, names);
    if (!body)
        return false;
    account->means_same = json_in_means_same;
    account->id = json_in_text(json_in_member(body, "id"));
    account->asset = json_in_text(json_in_member(body, "asset"));
    if (!account->id || !account_id_is_valid(account->id))
        problem_invalid(request, response, "id", ACCOUNT_ID_RULE);
    else if (!account_id_is_free(account->id))
        problem_invalid(request, response, "id",
            "must not be \".\" or \"..\": in a path they are other places");
    else if (strncmp(account->id, "world:", 6) == 0 || asset_of_world_id(account->id, asset))
        problem_invalid(request, response, "id",
            "\"world:\" is reserved: such accounts exist "
            "by themselves");
    else if (!account->asset || !asset_is_valid(account->asset))
        problem_invalid(request, response, "asset", ASSET_RULE);
    else
        return read_floor(request, response, body, account) &&
               api_metadata(request, response, NULL, body, &account->metadata, &meaning);
    return false;
}

void accounts_post(struct request *request, struct response *response)
{
    struct ledger_open_account wanted;
    struct ledger_account account;
    bool opened = false;
    uint64_t seq = 0;
    if (!read_account(request, response, &wanted))
        return;
    struct context *patience = api_patience(request);
    enum ledger_status status =
        ledger_open_account(patience, request->served, &wanted, &account, &opened, &seq);
    if (status == LEDGER_OK)
        status = accounts_complete(request, patience, &account, 1);
    context_release(&patience);
    if (status != LEDGER_OK) {
        api_refuse_of(request, response,
            &(struct problem_of_ledger){.status = status, .seq = seq, .account = wanted.id});
        return;
    }
    answer_account(request, response, &account, seq);
    if (opened) {
        response->status = 201;
        response->location = api_path(request, "accounts", account.id);
    }
}

/* `at` is a position, or a time. Nothing was open at position 0, nor in 1970. */
static bool query_at(struct request *request, struct response *response, uint64_t *seq, int64_t *us)
{
    const char *at = request_query(request, "at");
    money position;
    *seq = 0;
    *us = 0;
    if (money_parse(at, strlen(at), false, &position) && position <= INT64_MAX)
        *seq = (uint64_t)position;
    else if (!time_read(at, us)) {
        problem_invalid(request, response, "at",
            "must be a journal position, or a time such as 2026-11-21T09:00:00.123456Z or "
            "2026-11-21");
        return false;
    }
    return true;
}

void accounts_get(struct request *request, struct response *response)
{
    struct ledger_account account;
    uint64_t seq = 0, at_seq;
    int64_t at_us;
    bool then = request_query(request, "at") != NULL;
    if (!account_id_is_valid(request->account)) {
        problem_invalid(request, response, "account", ACCOUNT_ID_RULE);
        return;
    }
    if (then && !query_at(request, response, &at_seq, &at_us))
        return;
    struct context *patience = api_patience(request);
    enum ledger_status status =
        then ? ledger_read_account_at(
                   patience, request->served, request->account, at_seq, at_us, &account, &seq)
             : ledger_read_account(patience, request->served, request->account, &account, &seq);
    if (status == LEDGER_OK)
        status = accounts_complete(request, patience, &account, 1);
    context_release(&patience);
    if (status == LEDGER_OK)
        answer_account(request, response, &account, seq);
    else
        api_refuse_of(request, response,
            &(struct problem_of_ledger){.status = status, .seq = seq, .account = request->account});
}

/* A parameter that is an account id, or the beginning of one; "" if it was not given. */
static bool query_id(
    struct request *request, struct response *response, const char *name, const char **value)
{
    const char *given = request_query(request, name);
    *value = given ? given : "";
    if (**value == '\0' || account_id_is_valid(*value))
        return true;
    problem_invalid(request, response, name, ACCOUNT_ID_RULE);
    return false;
}

static void answer_list(struct request *request, struct response *response,
    const struct ledger_account *accounts, size_t count, bool more, uint64_t seq)
{
    struct json_out out;
    json_out_begin(&out, &request->arena);
    json_out_open(&out, '{');
    json_out_key(&out, "items");
    json_out_open(&out, '[');
    size_t written = 0;
    while (written < count && out.length < API_PAGE_BYTES)
        render_account(&out, &accounts[written++]);
    json_out_close(&out, ']');
    json_out_key(&out, "next");
    json_out_text(&out, more || written < count ? accounts[written - 1].id : NULL);
    json_out_close(&out, '}');
    api_ok(response, &out, seq);
}

void accounts_list(struct request *request, struct response *response)
{
    const char *prefix, *after, *asset = request_query(request, "asset");
    uint64_t limit = LIST_LIMIT, seq = 0;
    if (!query_id(request, response, "prefix", &prefix))
        return;
    if (asset && !asset_is_valid(asset)) {
        problem_invalid(request, response, "asset", ASSET_RULE);
        return;
    }
    const char *page = api_page_parameter(request, response, "after");
    if (!page || !api_query_number(request, response, "limit", 1, LIST_MAX, &limit) ||
        !query_id(request, response, page, &after))
        return;
    struct ledger_account *accounts = arena_try(&request->arena, limit * sizeof *accounts);
    if (!accounts) {
        api_short(request, response);
        return;
    }
    size_t count = 0;
    bool more = false;
    struct context *patience = api_patience(request);
    enum ledger_status status = ledger_list_accounts(patience, request->served, prefix,
        asset ? asset : "", after, limit, accounts, &count, &more, &seq);
    if (status == LEDGER_OK)
        status = accounts_complete(request, patience, accounts, count);
    context_release(&patience);
    if (status == LEDGER_OK)
        answer_list(request, response, accounts, count, more, seq);
    else
        api_refuse(request, response, status, seq);
}
