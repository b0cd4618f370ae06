/* SPDX-License-Identifier: MIT */
#include "ledger/follow/vouch.h"

#include <stdio.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/select.h"
#include "ledger/db/readers.h"
#include "ledger/journal/store.h"

enum {
    AWAIT_MS = 3000, /* a commit waits for other standbys no longer than that, as a rule */
    AGAIN_MS = 20,
};

enum pg_status vouch_ask(struct co_context *context, const struct store *store, struct pg *opener,
    const struct replica_place *place, bool *has)
{
    static const struct pg_statement find = {
        2, "SELECT encode(hash, 'hex') FROM batch WHERE ledger = $1 AND no = $2::bigint"};
    char ledger[16], number[24];
    const char *values[] = {ledger, number};
    struct pg_result *rows = NULL;
    uint8_t hash[HASH_CHAIN] = {0};
    snprintf(ledger, sizeof ledger, "%d", place->ledger);
    snprintf(number, sizeof number, "%lu", place->batch);
    enum pg_status status = opener ? pg_run(context, opener, &find, values, &rows)
                                   : readers_run(context, store->readers, &find, values, &rows);
    *has = status == PG_OK && (place->batch == 0 || pg_rows(rows) == 1);
    if (*has && place->chained) {
        hash_of_hex(pg_text(rows, 0, 0), hash, sizeof hash);
        *has = memcmp(hash, place->hash, sizeof hash) == 0;
    }
    pg_free(&rows);
    return status;
}

bool vouch_await(struct co_context *context, const struct store *store,
    const struct replica_place *place, char *error, size_t size)
{
    struct co_select_case end = {.op = CO_SELECT_RECV, .chan = co_context_done(context)};
    int64_t until_ns = co_clock_now_ns() + AWAIT_MS * CO_CLOCK_MS;
    bool has = false;
    snprintf(error, size, "the database is away");
    do {
        if (vouch_ask(context, store, NULL, place, &has) == PG_OK && !has)
            snprintf(
                error, size, "its batch %lu is not the one that the database has", place->batch);
    } while (!has && co_clock_now_ns() < until_ns &&
             co_select_timeout(&end, 1, AGAIN_MS * CO_CLOCK_MS) == CO_SELECT_NONE);
    return has;
}
