/* SPDX-License-Identifier: MIT */
#include "server/api/journal.h"

#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "server/api/api.h"
#include "server/http/http.h"
#include "server/http/problem.h"
#include "server/api/render.h"

enum { LIST_LIMIT = 100, LIST_MAX = 1000 };

/* ---- pages --------------------------------------------------------------------------------- */

static void begin_items(struct json_out *out, struct request *request)
{
    json_out_begin(out, &request->arena);
    json_out_open(out, '{');
    json_out_key(out, "items");
    json_out_open(out, '[');
}

static void end_items(struct json_out *out, uint64_t next)
{
    json_out_close(out, ']');
    json_out_key(out, "next");
    if (next)
        json_out_number(out, next);
    else
        json_out_json(out, NULL);
    json_out_close(out, '}');
}

void journal_list(struct request *request, struct response *response)
{
    uint64_t after = 0, limit = LIST_LIMIT, seq = 0;
    size_t count = 0;
    const char *page = api_page_parameter(request, response, "after");
    if (!page || !api_query_number(request, response, page, 0, INT64_MAX, &after) ||
        !api_query_number(request, response, "limit", 1, LIST_MAX, &limit))
        return;
    struct entry **entries = arena_alloc(&request->arena, limit * sizeof *entries);
    struct context *patience = api_patience(request);
    enum ledger_status status =
        ledger_journal(patience, request->served, after, limit, entries, &count, &seq);
    context_release(&patience);
    if (status != LEDGER_OK) {
        api_refuse(request, response, status, seq);
        return;
    }
    struct json_out out;
    begin_items(&out, request);
    uint64_t last = after;
    for (size_t i = 0; i < count; i++) {
        if (out.length < API_PAGE_BYTES) {
            render_journal_item(&out, entries[i]);
            last = entries[i]->seq;
        }
        entry_drop(&entries[i]);
    }
    end_items(&out, count > 0 && last < seq ? last : 0);
    api_ok(response, &out, seq);
}

void journal_statement(struct request *request, struct response *response)
{
    uint64_t before = 0, limit = LIST_LIMIT, next = 0, seq = 0;
    size_t count = 0;
    if (!account_id_is_valid(request->account)) {
        problem_invalid(request, response, "account", ACCOUNT_ID_RULE);
        return;
    }
    const char *page = api_page_parameter(request, response, "before");
    if (!page || !api_query_number(request, response, page, 1, INT64_MAX, &before) ||
        !api_query_number(request, response, "limit", 1, LIST_MAX, &limit))
        return;
    struct entry **entries = arena_alloc(&request->arena, limit * sizeof *entries);
    struct context *patience = api_patience(request);
    enum ledger_status status = ledger_statement(
        patience, request->served, request->account, before, limit, entries, &count, &next, &seq);
    context_release(&patience);
    if (status != LEDGER_OK) {
        api_refuse_of(request, response,
            &(struct problem_of_ledger){.status = status, .seq = seq, .account = request->account});
        return;
    }
    struct json_out out;
    begin_items(&out, request);
    for (size_t i = 0; i < count; i++) {
        if (out.length < API_PAGE_BYTES)
            render_statement_item(&out, entries[i], request->account);
        else if (next <= entries[i]->seq)
            next = entries[i]->seq + 1; /* the page is full: this one begins the next */
        entry_drop(&entries[i]);
    }
    end_items(&out, next);
    api_ok(response, &out, seq);
}
