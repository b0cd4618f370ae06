/* SPDX-License-Identifier: MIT */
#include "server/api/journal_pages.h"

#include <string.h>

#include "server/api/paging.h"
#include "server/api/render.h"

/* A page that was read, as far as it goes: within the bounds, and no longer than a page may be. */
struct page {
    struct call *call;
    struct paging paging;
    struct ledger_entry_page read; /* its entries are dropped once they are written */
    void (*render)(struct json_out *out, const struct call *call, const struct entry *entry);
};

/* `more`: the cursor if all that was read is written; 0: that is the end. */
static void answer(struct page *page, uint64_t more)
{
    struct call *call = page->call;
    struct json_out out;
    uint64_t last = 0;
    bool is_cut = false;
    size_t yielded_at = 0;
    paging_open(&out, call);
    for (size_t i = 0; i < page->read.count; i++) {
        struct entry *entry = page->read.entries[i];
        render_yield(&out, &yielded_at);
        /* Bounded in bytes; what does not fit is on the next page. */
        is_cut |= out.length >= CALL_PAGE_BYTES;
        if (!is_cut) {
            last = entry->seq;
            if (paging_has(&page->paging, last))
                page->render(&out, call, entry);
        }
        entry_drop(&page->read.entries[i]);
    }
    paging_close(&out, is_cut || more ? paging_next(&page->paging, last) : 0);
    call_ok(call, &out, page->read.seq);
}

static bool begin(struct page *page)
{
    if (!paging_read(page->call, &page->paging))
        return false;
    page->read.limit = page->paging.limit;
    page->read.entries = arena_alloc(page->call->arena, page->read.limit * sizeof(struct entry *));
    return true;
}

/* 0: from the newest. */
static uint64_t before_of(const struct page *page)
{
    return page->paging.before == UINT64_MAX ? 0 : page->paging.before;
}

/* What lies ahead of all that there is bounds nothing, and is a mistake. */
static enum ledger_status check_after(const struct page *page, enum ledger_status status)
{
    bool ahead = status == LEDGER_OK && page->paging.after > page->read.seq;
    return ahead ? LEDGER_POSITION_AHEAD : status;
}

static void drop(struct page *page)
{
    for (size_t i = 0; i < page->read.count; i++)
        entry_drop(&page->read.entries[i]);
}

/* ---- the journal ----------------------------------------------------------------------------- */

static void render_item(struct json_out *out, const struct call *call, const struct entry *entry)
{
    (void)call;
    render_journal_item(out, entry);
}

void journal_list(struct call *call)
{
    struct page page = {.call = call, .render = render_item};
    if (!begin(&page))
        return;
    enum ledger_status status =
        page.paging.descends
            ? ledger_journal_back(call_context(call), call->ledger, before_of(&page), &page.read)
            : ledger_journal(call_context(call), call->ledger, page.paging.after, &page.read);
    call_ledger_answered(call);
    status = check_after(&page, status);
    if (status != LEDGER_OK) {
        drop(&page);
        call_refuse_status(call, status, page.read.seq);
        return;
    }
    /* Only if there is more now: the end of the journal moves. */
    uint64_t last = page.read.count ? page.read.entries[page.read.count - 1]->seq : 0;
    answer(
        &page, last == 0 || (page.paging.descends ? last == 1 : last >= page.read.seq) ? 0 : last);
}

/* ---- an account's statement ------------------------------------------------------------------ */

static void render_moved(struct json_out *out, const struct call *call, const struct entry *entry)
{
    render_statement_item(out, entry, call->path.account, &call->grant);
}

void journal_statement(struct call *call)
{
    const char *account = call->path.account;
    struct page page = {.call = call, .render = render_moved, .paging.descends = true};
    if (!call_names_account(call) || !begin(&page))
        return;
    enum ledger_status status = page.paging.descends
                                    ? ledger_statement(call_context(call), call->ledger, account,
                                          before_of(&page), &page.read)
                                    : ledger_statement_forward(call_context(call), call->ledger,
                                          account, page.paging.after, &page.read);
    call_ledger_answered(call);
    status = check_after(&page, status);
    if (status == LEDGER_OK) {
        answer(&page, page.read.next);
        return;
    }
    drop(&page);
    call_refuse_account(call, status, page.read.seq, account);
}
