/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "server/api/api.h"
#include "server/api/moves.h"
#include "server/http/problem.h"
#include "server/api/render.h"
#include "server/api/transfers.h"

/* A list without an account reads the journal, of which other kinds are skipped: at most so many
 * pages for one answer. */
enum { LIST_LIMIT = 100, LIST_MAX = 1000, SCAN_PAGES = 8 };

void transfers_get(struct request *request, struct response *response)
{
    struct entry *entry = NULL;
    uint64_t seq = 0;
    uint64_t id = 0;
    if (!api_position(request, response, &id))
        return;
    struct context *patience = api_patience(request);
    enum ledger_status status = ledger_entry(patience, request->served, id, &entry, &seq);
    context_release(&patience);
    if (status == LEDGER_OK && !entry_moves_money(entry)) {
        entry_drop(&entry);
        status = LEDGER_TRANSFER_NOT_FOUND;
    }
    if (status != LEDGER_OK) {
        api_refuse(request, response, status, seq);
        return;
    }
    struct json_out out;
    json_out_begin(&out, &request->arena);
    render_transfer(&out, entry);
    entry_drop(&entry);
    api_ok(response, &out, seq);
}

/* A page on its way. Only transfers with after < seq < before are on it. */
struct page {
    struct json_out out;
    struct context *patience;
    struct entry **entries; /* room for `limit` */
    uint64_t after, before, limit;
    uint64_t count, seq;
    uint64_t next; /* the cursor for the page after this one; 0: there is none */
};

static bool page_is_full(const struct page *page)
{
    return page->count == page->limit || page->out.length >= API_PAGE_BYTES;
}

/* Write what belongs on the page, drop all; returns the seq of the last entry that was looked at
 * before the page was full. */
static uint64_t page_take(struct page *page, size_t count)
{
    uint64_t last = 0;
    for (size_t i = 0; i < count; i++) {
        struct entry *entry = page->entries[i];
        if (!page_is_full(page)) {
            last = entry->seq;
            if (entry_moves_money(entry) && last > page->after && last < page->before) {
                render_transfer(&page->out, entry);
                page->count++;
            }
        }
        entry_drop(&page->entries[i]);
    }
    return last;
}

/* What became of a key: its transfer, its frozen rejection, or nothing. */
static enum ledger_status page_of_key(struct page *page, struct ledger *ledger, const char *key)
{
    struct entry *entry = NULL;
    enum ledger_status status =
        ledger_entry_by_key(page->patience, ledger, key, &entry, &page->seq);
    if (status == LEDGER_TRANSFER_NOT_FOUND)
        return LEDGER_OK;
    if (status == LEDGER_OK) {
        render_transfer(&page->out, entry);
        entry_drop(&entry);
    }
    return status;
}

/* Newest first, along the account's statement. */
static enum ledger_status page_of_account(
    struct page *page, struct ledger *ledger, const char *account)
{
    uint64_t before = page->before == UINT64_MAX ? 0 : page->before, next = 0;
    size_t count = 0;
    enum ledger_status status = ledger_statement(page->patience, ledger, account, before,
        page->limit, page->entries, &count, &next, &page->seq);
    if (status == LEDGER_OK && page->after > page->seq)
        status = LEDGER_POSITION_AHEAD;
    if (status == LEDGER_OK) {
        uint64_t oldest = count ? page->entries[count - 1]->seq : 0, last = page_take(page, count);
        page->next = last <= page->after ? 0 : last > oldest ? last : next;
    }
    return status;
}

/* Oldest first, along the journal. */
static enum ledger_status page_of_journal(struct page *page, struct ledger *ledger)
{
    uint64_t at = page->after;
    for (int pages = 0; pages < SCAN_PAGES && !page_is_full(page); pages++) {
        size_t count = 0;
        enum ledger_status status = ledger_journal(
            page->patience, ledger, at, page->limit, page->entries, &count, &page->seq);
        if (status != LEDGER_OK)
            return status;
        if (count > 0)
            at = page_take(page, count);
        if (at >= page->seq || at >= page->before)
            return LEDGER_OK;
    }
    page->next = at;
    return LEDGER_OK;
}

/* Along an account's statement a page begins at `before`, along the journal at `after`. */
static bool page_read(struct request *request, struct response *response, struct page *page)
{
    const char *key = request_query(request, "key"), *account = request_query(request, "account");
    const char *own = account ? "before" : "after";
    uint64_t *begins = account ? &page->before : &page->after;
    if (key && !moves_key_is_valid(key)) {
        problem_invalid(request, response, "key", MOVES_KEY_RULE);
        return false;
    }
    if (key && request->query_count > 1) {
        problem_invalid(request, response, "key", "goes with no other parameter");
        return false;
    }
    if (account && !account_id_is_valid(account)) {
        problem_invalid(request, response, "account", ACCOUNT_ID_RULE);
        return false;
    }
    return api_page_parameter(request, response, own) &&
           api_query_number(request, response, "after", 0, INT64_MAX, &page->after) &&
           api_query_number(request, response, "before", 1, INT64_MAX, &page->before) &&
           api_query_number(request, response, "page", account ? 1 : 0, INT64_MAX, begins) &&
           api_query_number(request, response, "limit", 1, LIST_MAX, &page->limit);
}

void transfers_list(struct request *request, struct response *response)
{
    struct page page = {.limit = LIST_LIMIT, .before = UINT64_MAX};
    const char *key = request_query(request, "key"), *account = request_query(request, "account");
    if (!page_read(request, response, &page))
        return;
    page.entries = arena_alloc(&request->arena, page.limit * sizeof *page.entries);
    memset((void *)page.entries, 0, page.limit * sizeof *page.entries);
    json_out_begin(&page.out, &request->arena);
    json_out_open(&page.out, '{');
    json_out_key(&page.out, "items");
    json_out_open(&page.out, '[');
    page.patience = api_patience(request);
    enum ledger_status status = key       ? page_of_key(&page, request->served, key)
                                : account ? page_of_account(&page, request->served, account)
                                          : page_of_journal(&page, request->served);
    context_release(&page.patience);
    if (status != LEDGER_OK) {
        for (uint64_t i = 0; i < page.limit; i++)
            entry_drop(&page.entries[i]);
        api_refuse(request, response, status, page.seq);
        return;
    }
    json_out_close(&page.out, ']');
    json_out_key(&page.out, "next");
    if (page.next)
        json_out_number(&page.out, page.next);
    else
        json_out_json(&page.out, NULL);
    json_out_close(&page.out, '}');
    api_ok(response, &page.out, page.seq);
}
