/* SPDX-License-Identifier: MIT */
#include "ledger/follow/vouch.h"

#include <stdio.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/select.h"
#include "ledger/journal/store.h"

enum {
    AWAIT_MS = 3000, /* a commit waits for other standbys no longer than that, as a rule */
    AGAIN_MS = 20,
};

enum pg_status vouch_ask(struct co_context *context, const struct store *store,
    const struct replica_place *place, bool *has)
{
    struct lease_place had = {.batch = place->batch};
    if (place->chained)
        memcpy(had.hash, place->hash, sizeof had.hash);
    return store_has_batch(context, store, NULL, &had, has);
}

bool vouch_await(struct co_context *context, const struct store *store,
    const struct replica_place *place, char *error, size_t size)
{
    struct co_select_case end = {.op = CO_SELECT_RECV, .chan = co_context_done(context)};
    int64_t until_ns = co_clock_now_ns() + AWAIT_MS * CO_CLOCK_MS;
    bool has = false;
    snprintf(error, size, "the database is away");
    do {
        if (vouch_ask(context, store, place, &has) == PG_OK && !has)
            snprintf(
                error, size, "its batch %lu is not the one that the database has", place->batch);
    } while (!has && co_clock_now_ns() < until_ns &&
             co_select_timeout(&end, 1, AGAIN_MS * CO_CLOCK_MS) == CO_SELECT_NONE);
    return has;
}
