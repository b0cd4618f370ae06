/* SPDX-License-Identifier: MIT */
/*
 * Server-Sent Events. Each subscriber has a coroutine that walks the journal at the pace at which
 * its client reads, and at which the worker's share for streams lets it: what waits for a slow one
 * is a position, not a queue. The text comes in pages that subscribers share (event_pages.h), and
 * at the journal's end they wait together (event_feed.h).
 */
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/worker.h"
#include "server/api/api.h"
#include "server/api/call.h"
#include "server/api/event_feed.h"
#include "server/api/event_pages.h"
#include "server/http/http.h"
#include "server/api/journal_pages.h"
#include "server/api/render.h"
#include "server/auth/token_cache.h"

enum { NOTE_MEMORY = 512, LAG_MAX = 100000 /* entries */ };

static const int64_t heartbeat_ns = 15 * CO_CLOCK_S;

struct subscription {
    struct ledger *ledger;
    struct token_cache *tokens; /* NULL: no token is asked for */
    const char *authorization;
    struct event_pages **pages_of_worker;
    struct event_feed **feeds_of_worker;
    struct event_pages *pages;
    struct event_feed *feed;
    struct event_feed_user user; /* of the feed */
    uint64_t position;           /* of the last entry that the client has */
    bool was_there;              /* it has been at the journal's end */
};

/* ---- what is said besides entries ------------------------------------------------------------ */

static void write_member(struct json_out *out, const char *name, uint64_t number)
{
    json_out_key(out, name);
    json_out_number(out, number);
}

/* An event that is not an entry, so it has no id; `last` 0: left out. */
static bool send_note(
    struct http_stream *stream, const char *event, uint64_t position, uint64_t last)
{
    char memory[NOTE_MEMORY];
    struct arena arena;
    struct json_out out;
    /* The request's arena would grow with each heartbeat. */
    arena_init(&arena, memory, sizeof memory);
    json_out_begin(&out, &arena);
    json_out_raw(&out, "event: ", 7);
    json_out_raw(&out, event, strlen(event));
    json_out_raw(&out, "\ndata: ", 7);
    json_out_open(&out, '{');
    write_member(&out, "seq", position);
    if (last)
        write_member(&out, "last", last);
    json_out_close(&out, '}');
    json_out_raw(&out, "\n\n", 2);
    bool good = http_stream_write(stream, out.text, out.length);
    arena_clear(&arena);
    return good;
}

/* ---- a subscriber ---------------------------------------------------------------------------- */

/* Send the entries after its position, at most a page. False: the stream is over. */
static bool send_page(struct http_stream *stream, struct subscription *subscription)
{
    struct event_page *page = event_pages_find(http_stream_context(stream), subscription->pages,
        http_stream_share(stream), subscription->ledger, subscription->position);
    if (!page)
        return false; /* the client comes back with its position */
    size_t length;
    uint64_t last;
    const char *text = event_pages_text(page, subscription->position, &length, &last);
    /* The page cannot be forgotten while it is written. */
    bool good = http_stream_write(stream, text, length);
    /* What the kernel has taken counts as sent. */
    subscription->position = last;
    event_pages_drop(subscription->pages, page);
    return good;
}

/* At the journal's end: wait for more, and say that we are here if nothing comes. */
static bool wait_for_more(struct http_stream *stream, struct subscription *subscription)
{
    struct co_context *life = http_stream_context(stream);
    /* Ends with the client, the server, or the time for a heartbeat. */
    struct co_context *moment = co_context_with_timeout(life, heartbeat_ns);
    if (!moment)
        return false;
    /* From here on it is a follower, not a reader of history. */
    subscription->was_there = true;
    bool more =
        event_feed_await(moment, subscription->feed, &subscription->user, subscription->position);
    co_context_release(&moment);
    if (!more && ledger_is_over(subscription->ledger))
        return false; /* the client comes back, maybe to another server */
    return more || (co_context_err(life) == CO_CONTEXT_OK &&
                       send_note(stream, "heartbeat", subscription->position, 0));
}

/* One that was at the journal's end and has fallen far behind is told, and may come again: it has
 * its position. */
static bool lags(const struct subscription *subscription, uint64_t last)
{
    return subscription->was_there && last > subscription->position + LAG_MAX;
}

static void follow(struct http_stream *stream, struct subscription *subscription)
{
    /* The first bytes: proxies and clients see that the stream is open. */
    bool good = send_note(stream, "heartbeat", subscription->position, 0);
    while (good) {
        /* Looked at before each page, as the journal goes on meanwhile. */
        uint64_t last = ledger_durable_seq(subscription->ledger);
        if (lags(subscription, last)) {
            (void)send_note(stream, "lagged", subscription->position, last);
            return;
        }
        good = last > subscription->position ? send_page(stream, subscription)
                                             : wait_for_more(stream, subscription);
    }
}

static void run(struct http_stream *stream, struct request *request, void *arg)
{
    static const char hello[] = "retry: 1000\n\n";
    struct subscription *subscription = arg;
    struct token_watch watch;
    (void)request;
    /* A token that is revoked ends its streams. */
    if (subscription->tokens)
        token_cache_watch(subscription->tokens, subscription->authorization, TOKEN_READ,
            http_stream_context(stream), &watch);
    /* Joined on the stream's own worker, which shares neither. */
    subscription->user.context = http_stream_context(stream);
    subscription->pages = event_pages_join(subscription->pages_of_worker);
    subscription->feed =
        event_feed_join(subscription->feeds_of_worker, subscription->ledger, &subscription->user);
    if (subscription->pages && subscription->feed &&
        http_stream_write(stream, hello, sizeof hello - 1))
        follow(stream, subscription);
    /* Undone in any case: a stream ends whenever its client likes. */
    if (subscription->feed)
        event_feed_leave(subscription->feeds_of_worker, &subscription->feed, &subscription->user);
    if (subscription->pages)
        event_pages_leave(subscription->pages_of_worker);
    if (subscription->tokens)
        token_cache_unwatch(&watch);
}

void journal_events(struct call *call)
{
    struct subscription *subscription = arena_alloc(call->arena, sizeof *subscription);
    struct response *response = call->response;
    struct api *api = call->api;
    /* Without a position it begins at the end: what happens from now on. */
    uint64_t durable = ledger_durable_seq(call->ledger);
    *subscription = (struct subscription){.ledger = call->ledger,
        .tokens = api->tokens,
        .authorization = call->request->authorization,
        .pages_of_worker = &api->event_pages[co_worker_index()],
        .feeds_of_worker = &api->event_feeds[co_worker_index()],
        .position = durable};
    if (!call_query_number(call, "after", 0, INT64_MAX, &subscription->position))
        return;
    money last; /* what the client has seen wins over the address that it first came with */
    const char *text = call->request->last_event_id;
    if (text && (!money_parse(text, strlen(text), false, &last) || last > INT64_MAX)) {
        call_refuse(call, NULL, "Last-Event-ID", "must be a journal position");
        return;
    }
    if (text)
        subscription->position = (uint64_t)last;
    /* A client that is ahead would wait for entries that it thinks it has, and miss others. */
    if (subscription->position > durable) {
        call_refuse_status(call, LEDGER_POSITION_AHEAD, durable);
        return;
    }
    response->status = 200;
    response->content_type = "text/event-stream";
    call->seq = durable;
    call->has_seq = true;
    response->stream = run;
    response->stream_arg = subscription;
}
