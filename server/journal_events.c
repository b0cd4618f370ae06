/* SPDX-License-Identifier: MIT */
/*
 * Server-Sent Events. Each subscriber has a coroutine that walks the journal at the pace at which
 * its client reads: what waits for a slow one is a position, not a queue.
 *
 * At the journal's end all subscribers wake on the same ticks. So those of one worker are mostly at
 * the same position, and share the text: a page is rendered by the first, and lives until the last
 * of them has sent it.
 */
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/select.h"
#include "coro/worker.h"
#include "server/api.h"
#include "server/http.h"
#include "server/journal.h"
#include "server/problem.h"
#include "server/render.h"

enum { PAGE = 128, PAGE_BYTES = 65536, FIRST_MEMORY = 512 };

static const int64_t tick_ns = 20 * CLOCK_MS, heartbeat_ns = 15 * CLOCK_S;

static void write_text(struct json_out *out, const char *text)
{
    json_out_raw(out, text, strlen(text));
}

static void write_number(struct json_out *out, uint64_t number)
{
    out->comma = false;
    json_out_number(out, number);
    out->comma = false;
}

static void write_heartbeat(struct json_out *out, uint64_t seq)
{
    write_text(out, "event: heartbeat\ndata: {\"seq\":");
    write_number(out, seq);
    write_text(out, "}\n\n");
}

static void write_entry(struct json_out *out, const struct entry *entry)
{
    write_text(out, "id: ");
    write_number(out, entry->seq);
    write_text(out, "\ndata: ");
    render_journal_item(out, entry);
    out->comma = false;
    write_text(out, "\n\n");
}

/* ---- pages that subscribers share ------------------------------------------------------------ */

/* The entries after one position, as events. Only coroutines of one worker use it, in turns. */
struct api_page {
    size_t users;
    struct ledger *ledger;
    struct api_page **latest; /* where those of this worker look for it */
    uint64_t after, last;     /* the position before its first entry; its last entry */
    struct arena arena;
    struct json_out out;
};

static struct api_page *page_make(struct ledger *ledger, struct api_page **latest, uint64_t after)
{
    struct api_page *page = malloc(sizeof *page);
    ensure(page);
    *page = (struct api_page){
        .users = 1, .ledger = ledger, .latest = latest, .after = after, .last = after};
    arena_init(&page->arena, page, 0);
    json_out_begin(&page->out, &page->arena);
    return page;
}

static void page_drop(struct api_page *page)
{
    bool last_user = --page->users == 0;
    if (last_user && *page->latest == page)
        *page->latest = NULL;
    if (!last_user)
        return;
    arena_clear(&page->arena);
    free(page);
}

/* The page after a position if another subscriber of this worker has it in hand. */
static struct api_page *page_shared(struct ledger *ledger, struct api_page **latest, uint64_t after)
{
    struct api_page *page = *latest;
    if (!page || page->ledger != ledger || page->after != after)
        return NULL;
    page->users++;
    return page;
}

static void page_share(struct api_page *page)
{
    *page->latest = page;
}

/* NULL: the journal cannot be read now. */
static struct api_page *page_read(
    struct context *context, struct ledger *ledger, struct api_page **latest, uint64_t after)
{
    struct entry *entries[PAGE];
    uint64_t seq;
    size_t count = 0;
    if (ledger_journal(context, ledger, after, PAGE, entries, &count, &seq) != LEDGER_OK)
        return NULL;
    struct api_page *page = page_make(ledger, latest, after);
    for (size_t i = 0; i < count; i++) {
        if (page->out.length < PAGE_BYTES) {
            write_entry(&page->out, entries[i]);
            page->last = entries[i]->seq;
        }
        entry_drop(&entries[i]);
    }
    if (count > 0)
        page_share(page);
    return page;
}

struct subscription {
    struct api *api;
    struct ledger *ledger;
    uint64_t position; /* of the last entry that the client has */
};

/* Send the entries after its position, at most a page. False: the stream is over. */
static bool send_page(struct http_stream *stream, struct subscription *subscription)
{
    struct ledger *ledger = subscription->ledger;
    uint64_t *position = &subscription->position;
    struct api_page **latest = &subscription->api->pages[worker_index()];
    struct api_page *page = page_shared(ledger, latest, *position);
    if (!page)
        page = page_read(http_stream_context(stream), ledger, latest, *position);
    if (!page)
        return false; /* the client comes back with its position */
    bool good = true;
    if (page->out.length > 0)
        good = http_stream_write(stream, page->out.text, page->out.length);
    else
        co_sleep(tick_ns);
    *position = page->last;
    page_drop(page);
    return good;
}

/* ---- a subscriber -----------------------------------------------------------------------------
 */

static bool send_heartbeat(struct http_stream *stream, struct arena *arena, uint64_t position)
{
    struct json_out out;
    json_out_begin(&out, arena);
    write_heartbeat(&out, position);
    return http_stream_write(stream, out.text, out.length);
}

enum awaited { AWAITED_ENTRY, AWAITED_SILENCE, AWAITED_END };

/* What comes first: an entry after `position`, a heartbeat's time without one, the end. */
static enum awaited await_entry(
    struct http_stream *stream, struct ledger *ledger, uint64_t position)
{
    struct context *life = http_stream_context(stream);
    struct context *moment = context_with_timeout(life, heartbeat_ns);
    ensure(moment);
    bool more = ledger_await(moment, ledger, position);
    if (!more && context_err(moment) == CONTEXT_OK) {
        /* The ledger has stopped: nothing will come, but the client shall know that we are here. */
        struct select_case end = {.op = SELECT_RECV, .chan = context_done(moment)};
        (void)select_wait(&end, 1);
    }
    context_release(&moment);
    if (more)
        co_sleep(tick_ns - clock_now_ns() % tick_ns);
    return context_err(life) != CONTEXT_OK ? AWAITED_END : more ? AWAITED_ENTRY : AWAITED_SILENCE;
}

static void run(struct http_stream *stream, struct request *request, void *arg)
{
    static const char hello[] = "retry: 1000\n\n";
    struct subscription *subscription = arg;
    struct ledger *ledger = subscription->ledger;
    uint64_t *position = &subscription->position;
    char memory[FIRST_MEMORY];
    struct arena arena;
    (void)request;
    arena_init(&arena, memory, sizeof memory);
    bool good = http_stream_write(stream, hello, sizeof hello - 1) &&
                send_heartbeat(stream, &arena, *position);
    while (good) {
        arena_clear(&arena);
        if (ledger_durable_seq(ledger) > *position) {
            good = send_page(stream, subscription);
            continue;
        }
        switch (await_entry(stream, ledger, *position)) {
        case AWAITED_ENTRY:
            break;
        case AWAITED_SILENCE:
            good = send_heartbeat(stream, &arena, *position);
            break;
        case AWAITED_END:
            good = false;
            break;
        }
    }
    arena_clear(&arena);
}

void journal_events(struct request *request, struct response *response)
{
    struct subscription *subscription = arena_alloc(&request->arena, sizeof *subscription);
    uint64_t durable = ledger_durable_seq(request->served);
    *subscription =
        (struct subscription){.api = request->api, .ledger = request->served, .position = durable};
    if (!api_query_number(request, response, "after", 0, INT64_MAX, &subscription->position))
        return;
    money last; /* what the client has seen wins over the address that it first came with */
    const char *text = request->last_event_id;
    if (text && (!money_parse(text, strlen(text), false, &last) || last > INT64_MAX)) {
        problem_invalid(request, response, "Last-Event-ID", "must be a journal position");
        return;
    }
    if (text)
        subscription->position = (uint64_t)last;
    if (subscription->position > durable) {
        api_refuse(request, response, LEDGER_POSITION_AHEAD, durable);
        return;
    }
    response->status = 200;
    response->content_type = "text/event-stream";
    response->ledger_seq = ledger_durable_seq(request->served);
    response->has_ledger_seq = true;
    response->stream = run;
    response->stream_arg = subscription;
}
