/* SPDX-License-Identifier: MIT */
#include "ledger/recall.h"

#include <stdio.h>

#include "coro/clock.h"
#include "ledger/row.h"

enum { RETRY_S = 5 };

static bool take_key(const struct row *row, void *arg)
{
    struct recall *recall = arg;
    size_t length;
    const char *key = row_bytes(row, 0, &length);
    return context_err(recall->duty.running) == CONTEXT_OK &&
           keys_restore(recall->keys, key, length);
}

static bool read_keys(struct recall *recall)
{
    char sql[200], error[300];
    struct pg *pg = store_connect(recall->duty.running, recall->store, error, sizeof error);
    if (!pg)
        return false;
    snprintf(sql, sizeof sql,
        "COPY (SELECT key FROM entry WHERE ledger = %d AND seq <= %lu AND key IS NOT NULL)"
        " TO STDOUT (FORMAT binary)",
        recall->store->ledger, recall->upto);
    enum pg_status status = pg_unload(recall->duty.running, pg, sql, take_key, recall);
    pg_close(&pg);
    return status == PG_OK;
}

/* A key that comes twice, after a failure on the way, does no harm. */
static void recall_main(void *arg)
{
    struct recall *recall = arg;
    bool all = read_keys(recall);
    while (!all && duty_rest(&recall->duty, RETRY_S * CLOCK_S))
        all = read_keys(recall);
    if (all)
        keys_recalled(recall->keys);
}

bool recall_start(struct recall *recall, struct store *store, struct keys *keys, uint64_t upto)
{
    if (upto == 0) /* there are none: and nothing durable that an answer could be from */
        return true;
    recall->store = store;
    recall->keys = keys;
    recall->upto = upto;
    keys_recall(keys);
    return duty_start("recall", &recall->duty, recall_main, recall);
}
