/* SPDX-License-Identifier: MIT */
/*
 * The journal as text for event streams, in pages that the streams of one worker share: an entry is
 * rendered once for all that are near it, and whoever lags finds the pages of those just before it.
 * Used by coroutines of one worker, in turns. Memory is bounded: pages that nobody sends are kept
 * up to a limit, the least used go first.
 */
#ifndef SERVER_API_EVENT_PAGES_H
#define SERVER_API_EVENT_PAGES_H

#include <stddef.h>
#include <stdint.h>

#include "coro/ensure.h"

struct co_context;
struct event_page;
struct event_pages;
struct ledger;
struct share;

/* Those of this worker, which live as long as somebody uses them. NULL: memory is short. */
CO_MUST_CHECK struct event_pages *event_pages_join(struct event_pages **of_worker);
void event_pages_leave(struct event_pages **of_worker);

/*
 * The page that has the entry after this position, held until event_pages_drop(); rendering it is
 * charged to the share. There is such an entry, unless another process has taken the ledger over.
 * NULL: it cannot be read now. Parks.
 */
CO_MUST_CHECK struct event_page *event_pages_find(struct co_context *context,
    struct event_pages *pages, struct share *share, struct ledger *ledger, uint64_t after);
void event_pages_drop(struct event_pages *pages, struct event_page *page);

/* The events after this position to the end of the page, and the position of the last. */
const char *event_pages_text(
    const struct event_page *page, uint64_t after, size_t *length, uint64_t *last);

#endif
