/* SPDX-License-Identifier: MIT */
#include "server/api/journal_pages.h"

#include <string.h>

#include "server/api/call.h"
#include "server/api/render.h"

enum { LIST_LIMIT = 100 };

/* ---- pages --------------------------------------------------------------------------------- */

static void begin_items(struct json_out *out, struct call *call)
{
    json_out_begin(out, call->arena);
    json_out_open(out, '{');
    json_out_key(out, "items");
    json_out_open(out, '[');
}

static void end_items(struct json_out *out, uint64_t next)
{
    json_out_close(out, ']');
    json_out_key(out, "next");
    /* Null, not absent, at the end: a client need not guess. */
    if (next)
        json_out_number(out, next);
    else
        json_out_json(out, NULL);
    json_out_close(out, '}');
}

void journal_list(struct call *call)
{
    uint64_t after = 0, limit = LIST_LIMIT;
    const char *name = call_page_parameter(call, "after");
    if (!name || !call_query_number(call, name, 0, INT64_MAX, &after) ||
        !call_query_number(call, "limit", 1, LEDGER_PAGE_MAX, &limit))
        return;
    struct ledger_entry_page page = {.limit = limit};
    page.entries = arena_alloc(call->arena, limit * sizeof *page.entries);
    enum ledger_status status = ledger_journal(call_context(call), call->ledger, after, &page);
    call_ledger_answered(call);
    if (status != LEDGER_OK) {
        call_refuse_status(call, status, page.seq);
        return;
    }
    struct json_out out;
    begin_items(&out, call);
    uint64_t last = after;
    size_t yielded_at = 0;
    for (size_t i = 0; i < page.count; i++) {
        /* Bounded in bytes; what does not fit is on the next page. */
        if (out.length < CALL_PAGE_BYTES) {
            render_journal_item(&out, page.entries[i]);
            last = page.entries[i]->seq;
            render_yield(&out, &yielded_at);
        }
        entry_drop(&page.entries[i]);
    }
    /* Only if there is more now: the end of the journal moves. */
    end_items(&out, page.count > 0 && last < page.seq ? last : 0);
    call_ok(call, &out, page.seq);
}

void journal_statement(struct call *call)
{
    const char *account = call->path.account;
    uint64_t before = 0, limit = LIST_LIMIT;
    if (!call_names_account(call))
        return;
    const char *name = call_page_parameter(call, "before");
    if (!name || !call_query_number(call, name, 1, INT64_MAX, &before) ||
        !call_query_number(call, "limit", 1, LEDGER_PAGE_MAX, &limit))
        return;
    struct ledger_entry_page page = {.limit = limit};
    page.entries = arena_alloc(call->arena, limit * sizeof *page.entries);
    enum ledger_status status =
        ledger_statement(call_context(call), call->ledger, account, before, &page);
    call_ledger_answered(call);
    if (status != LEDGER_OK) {
        call_refuse_account(call, status, page.seq, account);
        return;
    }
    struct json_out out;
    begin_items(&out, call);
    size_t yielded_at = 0;
    /* Newest first, so the cursor goes down. */
    for (size_t i = 0; i < page.count; i++) {
        render_yield(&out, &yielded_at);
        if (out.length < CALL_PAGE_BYTES)
            render_statement_item(&out, page.entries[i], account, &call->grant);
        else if (page.next <= page.entries[i]->seq)
            page.next = page.entries[i]->seq + 1; /* this one is full, and that begins the next */
        entry_drop(&page.entries[i]);
    }
    end_items(&out, page.next);
    call_ok(call, &out, page.seq);
}
