/* SPDX-License-Identifier: MIT */
/* A database that has lost what was acknowledged, or what was read of it: is it so, and may it be
 * gone on with? */
#include <stdio.h>
#include <string.h>

#include "ledger/journal/store.h"
#include "ledger/notice.h"

enum pg_status store_has_batch(struct co_context *context, const struct store *store,
    struct pg *opener, const struct lease_place *had, bool *has)
{
    static const struct pg_statement find = {
        2, "SELECT encode(hash, 'hex') FROM batch WHERE ledger = $1 AND no = $2::bigint"};
    char ledger[16], number[24];
    const char *values[] = {ledger, number};
    struct pg_result *rows = NULL;
    uint8_t hash[HASH_CHAIN];
    *has = had->batch == 0;
    if (*has)
        return PG_OK;
    snprintf(ledger, sizeof ledger, "%d", store->ledger);
    snprintf(number, sizeof number, "%lu", had->batch);
    enum pg_status status = opener ? pg_run(context, opener, &find, values, &rows)
                                   : readers_run(context, store->readers, &find, values, &rows);
    if (status == PG_OK && pg_rows(rows) == 1) {
        /* One from before there was a chain has none: zeros, there as here. */
        hash_of_hex(pg_text(rows, 0, 0), hash, sizeof hash);
        *has = memcmp(hash, had->hash, sizeof hash) == 0;
    }
    pg_free(&rows);
    return status;
}

/* Have no other server carry on where this one may not. */
static void record(struct co_context *context, const struct store *store, const char *why)
{
    static const struct pg_statement stop = {
        3, "SELECT writer_stop($1::int, $2::bigint, 'lost: ' || $3)"};
    char ledger[16], epoch[24];
    const char *values[] = {ledger, epoch, why};
    snprintf(ledger, sizeof ledger, "%d", store->ledger);
    snprintf(epoch, sizeof epoch, "%lu", store->epoch);
    if (pg_run(context, store->opener, &stop, values, NULL) != PG_OK)
        notice(NOTICE_TROUBLE, "that could not be recorded: %s", pg_message(store->opener));
}

bool store_accepts_loss(struct co_context *context, const struct store *store,
    const struct lease_place *had, char *error, size_t error_size)
{
    char why[LEASE_WHY];
    lease_say_lost(had, store->batch, store->epoch - 1, why);
    bool accepts = lease_accepts_lost(store->lease);
    if (accepts)
        notice(NOTICE_TROUBLE, "ledger %s: %s; accepted", store->claim.name, why);
    else
        record(context, store, why);
    snprintf(error, error_size, "%s", why);
    return accepts;
}
