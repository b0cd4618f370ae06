/* SPDX-License-Identifier: MIT */
/*
 * Streams that have reached the journal's end wait here for more. One coroutine for each ledger and
 * worker waits for the ledger, and tells the others on a tick: the committer wakes one, not
 * thousands, and entries that come within a tick are written together. Many are told in groups,
 * each at a moment of its own within the tick. When the ledger closes, or is another server's, the
 * streams' contexts end, also of those that wait for their clients. Used by coroutines of one
 * worker, in turns.
 */
#ifndef SERVER_API_EVENT_FEED_H
#define SERVER_API_EVENT_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coro/ensure.h"

struct co_context;
struct event_feed;
struct ledger;

/* One that uses a feed; it lies with its stream, and all but the context is the feed's. */
struct event_feed_user {
    struct co_context *context; /* of the stream: it is cancelled when nothing comes any more */
    struct event_feed_user *next, **at;
    size_t group;
};

/* That of the ledger, among those of this worker; it lives as long as somebody uses it. NULL:
 * memory is short, or there are too many coroutines. */
CO_MUST_CHECK struct event_feed *event_feed_join(
    struct event_feed **of_worker, struct ledger *ledger, struct event_feed_user *user);
void event_feed_leave(struct event_feed **of_worker, struct event_feed **feed,
    struct event_feed_user *user); /* parks */

/* Park until there is a durable entry after this position; false: the context ended first, or
 * nothing will come here any more (ledger_is_over()). */
CO_MUST_CHECK bool event_feed_await(struct co_context *context, struct event_feed *feed,
    const struct event_feed_user *user, uint64_t after);

#endif
