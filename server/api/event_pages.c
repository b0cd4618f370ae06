/* SPDX-License-Identifier: MIT */
#include "server/api/event_pages.h"

#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/mutex.h"
#include "ledger/ledger.h"
#include "server/text/json_out.h"
#include "server/api/render.h"
#include "server/http/share.h"

/* An entry begun within PAGE_BYTES is ended; what nobody sends is kept up to KEPT_BYTES; entries so
 * near to the journal's end are in memory. */
enum { PAGE = 96, PAGE_BYTES = 32 * 1024, KEPT_BYTES = 4 << 20, NEAR = 512 };

struct event_page {
    struct event_page *next, *previous; /* the one used last is the first */
    size_t users;
    uint64_t ledger; /* its serial: its memory may be another's by now */
    uint64_t after;  /* the position before its first entry; they follow without a gap */
    size_t count, length;
    uint32_t ends[PAGE]; /* of each entry's text */
    char text[];
};

struct event_pages {
    size_t users, bytes;
    struct event_page *first, *last;
    struct co_mutex reading; /* what is far from the end: one read of the database at a time */
};

struct event_pages *event_pages_join(struct event_pages **of_worker)
{
    if (!*of_worker)
        *of_worker = calloc(1, sizeof **of_worker);
    if (*of_worker)
        (*of_worker)->users++;
    return *of_worker;
}

/* ---- which are kept ------------------------------------------------------------------------ */

static void unlink_page(struct event_pages *pages, struct event_page *page)
{
    *(page->previous ? &page->previous->next : &pages->first) = page->next;
    *(page->next ? &page->next->previous : &pages->last) = page->previous;
    page->next = page->previous = NULL;
}

static void push_first(struct event_pages *pages, struct event_page *page)
{
    page->next = pages->first;
    *(page->next ? &page->next->previous : &pages->last) = page;
    pages->first = page;
}

static void forget_beyond(struct event_pages *pages, size_t limit)
{
    for (struct event_page *page = pages->last, *before; page && pages->bytes > limit;
         page = before) {
        /* Least recently used first. */
        before = page->previous;
        /* Somebody is sending it: it goes when it is dropped. */
        if (page->users > 0)
            continue;
        unlink_page(pages, page);
        pages->bytes -= page->length;
        free(page);
    }
}

void event_pages_leave(struct event_pages **of_worker)
{
    struct event_pages *pages = *of_worker;
    if (--pages->users > 0)
        return;
    forget_beyond(pages, 0);
    co_ensure(!pages->first);
    free(pages);
    *of_worker = NULL;
}

/* Only now may the page be forgotten, if there are too many. */
void event_pages_drop(struct event_pages *pages, struct event_page *page)
{
    page->users--;
    forget_beyond(pages, KEPT_BYTES);
}

static struct event_page *look_up(
    struct event_pages *pages, const struct ledger *ledger, uint64_t after)
{
    uint64_t serial = ledger_serial(ledger);
    for (struct event_page *page = pages->first; page; page = page->next) {
        /* A position within a page will do: its first entries are left out. */
        if (page->ledger != serial || after < page->after || after >= page->after + page->count)
            continue;
        unlink_page(pages, page);
        push_first(pages, page);
        page->users++;
        return page;
    }
    return NULL;
}

/* ---- rendering ----------------------------------------------------------------------------- */

static void write_entry(struct json_out *out, const struct entry *entry)
{
    json_out_raw(out, "id: ", 4);
    out->comma = false;
    json_out_number(out, entry->seq);
    json_out_raw(out, "\ndata: ", 7);
    out->comma = false;
    render_journal_item(out, entry);
    json_out_raw(out, "\n\n", 2);
}

static struct event_page *render(struct ledger *ledger, struct entry *const *entries, size_t count)
{
    char memory[2048];
    struct arena arena;
    struct json_out out;
    uint32_t ends[PAGE];
    size_t rendered = 0;
    arena_init(&arena, memory, sizeof memory);
    json_out_begin(&out, &arena);
    /* Always at least one entry, however long it is. */
    for (; rendered < count && out.length < PAGE_BYTES; rendered++) {
        write_entry(&out, entries[rendered]);
        ends[rendered] = (uint32_t)out.length;
    }
    /* Exactly as large as its text, since the cache is bounded in bytes. */
    struct event_page *page = malloc(sizeof *page + out.length);
    if (page) {
        *page = (struct event_page){.users = 1,
            .ledger = ledger_serial(ledger),
            .after = entries[0]->seq - 1,
            .count = rendered,
            .length = out.length};
        memcpy(page->ends, ends, rendered * sizeof ends[0]);
        memcpy(page->text, out.text, out.length);
    }
    arena_clear(&arena);
    return page;
}

static struct event_page *read_page(struct co_context *context, struct event_pages *pages,
    struct share *share, struct ledger *ledger, uint64_t after)
{
    struct entry *entries[PAGE];
    struct ledger_entry_page read = {.entries = entries, .limit = PAGE};
    if (ledger_journal(context, ledger, after, &read) != LEDGER_OK)
        return NULL;
    /* Rendering takes time of its own, from the streams' share. */
    int64_t turn_ns = share_begin(share);
    struct event_page *page = look_up(pages, ledger, after); /* others may have been quicker */
    if (!page && read.count > 0 && (page = render(ledger, entries, read.count))) {
        push_first(pages, page);
        pages->bytes += page->length;
        forget_beyond(pages, KEPT_BYTES);
    }
    share_end(share, turn_ns);
    /* The page has the text; the entries are not needed any more. */
    for (size_t i = 0; i < read.count; i++)
        entry_drop(&entries[i]);
    return page;
}

struct event_page *event_pages_find(struct co_context *context, struct event_pages *pages,
    struct share *share, struct ledger *ledger, uint64_t after)
{
    struct event_page *page = look_up(pages, ledger, after);
    if (page)
        return page;
    /* Near the end entries come out of memory, and nobody has to wait. */
    if (ledger_durable_seq(ledger) - after < NEAR)
        return read_page(context, pages, share, ledger, after);
    co_mutex_lock(&pages->reading);
    /* The one before us may have read this very page. */
    page = look_up(pages, ledger, after);
    if (!page)
        page = read_page(context, pages, share, ledger, after);
    co_mutex_unlock(&pages->reading);
    return page;
}

const char *event_pages_text(
    const struct event_page *page, uint64_t after, size_t *length, uint64_t *last)
{
    size_t skip = (size_t)(after - page->after);
    size_t from = skip ? page->ends[skip - 1] : 0;
    *length = page->length - from;
    *last = page->after + page->count;
    return page->text + from;
}
