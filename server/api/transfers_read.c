/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "server/api/call.h"
#include "server/api/paging.h"
#include "server/api/request_key.h"
#include "server/api/render.h"
#include "server/api/transfers.h"
#include "server/api/sight.h"

/* A list without an account reads the journal, of which other kinds are skipped: at most SCAN_PAGES
 * pages for one answer. */
enum { SCAN_PAGES = 8 };

void transfers_get(struct call *call)
{
    struct entry *entry = NULL;
    uint64_t id = 0, seq = 0;
    if (!call_position(call, &id))
        return;
    enum ledger_status status = ledger_entry(call_context(call), call->ledger, id, &entry, &seq);
    call_ledger_answered(call);
    /* There is an entry at that position, but of another kind, or of accounts that are not the
     * token's. */
    if (status == LEDGER_OK && (!entry_moves_money(entry) || !sight_has(call, entry))) {
        entry_drop(&entry);
        status = LEDGER_TRANSFER_NOT_FOUND;
    }
    if (status != LEDGER_OK) {
        call_refuse_status(call, status, seq);
        return;
    }
    struct json_out out;
    json_out_begin(&out, call->arena);
    render_transfer(&out, entry);
    entry_drop(&entry);
    call_ok(call, &out, seq);
}

/* A page on its way. Only transfers within the bounds are on it. */
struct page {
    struct call *call;
    struct json_out out;
    struct ledger_entry_page read; /* what it is taken from; its limit and seq are the page's */
    struct paging paging;
    uint64_t count;
    uint64_t next; /* the cursor for the page after this one; 0: there is none */
};

static bool page_is_full(const struct page *page)
{
    return page->count == page->read.limit || page->out.length >= CALL_PAGE_BYTES;
}

/* Write what belongs on the page, drop all; returns the seq of the last entry that was looked at
 * before the page was full. */
static uint64_t page_take(struct page *page)
{
    uint64_t last = 0;
    size_t yielded_at = page->out.length;
    for (size_t i = 0; i < page->read.count; i++) {
        render_yield(&page->out, &yielded_at);
        struct entry *entry = page->read.entries[i];
        /* What is left over is read again for the next page. */
        if (!page_is_full(page)) {
            last = entry->seq;
            if (entry_moves_money(entry) && paging_has(&page->paging, last) &&
                sight_has(page->call, entry)) {
                render_transfer(&page->out, entry);
                page->count++;
            }
        }
        entry_drop(&page->read.entries[i]);
    }
    return last;
}

/* What became of a key: its transfer, its frozen rejection, or nothing. */
static enum ledger_status page_of_key(struct page *page, const char *key)
{
    struct entry *entry = NULL;
    enum ledger_status status = ledger_entry_by_key(
        call_context(page->call), page->call->ledger, key, &entry, &page->read.seq);
    call_ledger_answered(page->call);
    /* Nothing was done with it: an empty list, not an error. */
    if (status == LEDGER_TRANSFER_NOT_FOUND)
        return LEDGER_OK;
    if (status == LEDGER_OK) {
        if (sight_has(page->call, entry))
            render_transfer(&page->out, entry);
        entry_drop(&entry);
    }
    return status;
}

/* 0: from the newest. */
static uint64_t before_of(const struct page *page)
{
    return page->paging.before == UINT64_MAX ? 0 : page->paging.before;
}

/* Along the account's statement. */
static enum ledger_status page_of_account(struct page *page, const char *account)
{
    struct call *call = page->call;
    struct ledger_entry_page *read = &page->read;
    enum ledger_status status =
        page->paging.descends
            ? ledger_statement(call_context(call), call->ledger, account, before_of(page), read)
            : ledger_statement_forward(
                  call_context(call), call->ledger, account, page->paging.after, read);
    call_ledger_answered(call);
    if (status == LEDGER_OK && page->paging.after > read->seq)
        status = LEDGER_POSITION_AHEAD;
    if (status == LEDGER_OK) {
        uint64_t end = read->count ? read->entries[read->count - 1]->seq : 0;
        uint64_t last = page_take(page);
        /* The page is full in bytes; or the statement goes on. */
        if (last != end || read->next)
            page->next = paging_next(&page->paging, last);
    }
    return status;
}

/* Entries of the journal from `at` on, in the order of the list. */
static enum ledger_status read_journal(struct page *page, uint64_t at)
{
    struct call *call = page->call;
    return page->paging.descends
               ? ledger_journal_back(call_context(call), call->ledger, at, &page->read)
               : ledger_journal(call_context(call), call->ledger, at, &page->read);
}

/* Along the journal. */
static enum ledger_status page_of_journal(struct page *page)
{
    uint64_t at = page->paging.descends ? before_of(page) : page->paging.after;
    /* A journal of accounts alone must not be read to its end for an empty page. */
    for (int pages = 0; pages < SCAN_PAGES && !page_is_full(page); pages++) {
        enum ledger_status status = read_journal(page, at);
        if (status == LEDGER_OK && page->paging.after > page->read.seq)
            status = LEDGER_POSITION_AHEAD;
        if (status != LEDGER_OK)
            return status;
        if (page->read.count > 0)
            at = page_take(page);
        bool is_end = page->read.count == 0 || paging_next(&page->paging, at) == 0 ||
                      (page->paging.descends ? at == 1 : at >= page->read.seq);
        if (is_end)
            return LEDGER_OK;
    }
    /* Maybe an empty page, but one that says where to go on. */
    page->next = at;
    return LEDGER_OK;
}

/* Those of an account come newest first unless it is asked otherwise, all of them oldest first. */
static bool page_read(struct call *call, struct page *page)
{
    const struct request *request = call->request;
    const char *key = request_query(request, "key"), *account = request_query(request, "account");
    page->paging.descends = account != NULL;
    if (key && !request_key_is_valid(key)) {
        call_refuse(call, NULL, "key", REQUEST_KEY_RULE);
        return false;
    }
    /* A key names one request at most. */
    if (key && request->query_count > 1) {
        call_refuse(call, NULL, "key", "goes with no other parameter");
        return false;
    }
    if (account && !account_id_is_valid(account)) {
        call_refuse(call, NULL, "account", ACCOUNT_ID_RULE);
        return false;
    }
    /* Along the journal others' transfers would have to be skipped, maybe for ever. */
    if (!key && !sight_may_touch(call, NULL, "account", account ? account : ""))
        return false;
    if (!paging_read(call, &page->paging))
        return false;
    page->read.limit = page->paging.limit;
    return true;
}

void transfers_list(struct call *call)
{
    struct page page = {.call = call};
    struct ledger_entry_page *read = &page.read;
    const char *key = request_query(call->request, "key"),
               *account = request_query(call->request, "account");
    if (!page_read(call, &page))
        return;
    read->entries = arena_alloc(call->arena, read->limit * sizeof *read->entries);
    /* So that all of them can be dropped, read or not. */
    memset((void *)read->entries, 0, read->limit * sizeof *read->entries);
    paging_open(&page.out, call);
    enum ledger_status status = key       ? page_of_key(&page, key)
                                : account ? page_of_account(&page, account)
                                          : page_of_journal(&page);
    if (status != LEDGER_OK) {
        /* What was written so far is dropped with the request. */
        for (size_t i = 0; i < read->limit; i++)
            entry_drop(&read->entries[i]);
        call_refuse_status(call, status, read->seq);
        return;
    }
    paging_close(&page.out, page.next);
    call_ok(call, &page.out, read->seq);
}
