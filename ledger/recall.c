/* SPDX-License-Identifier: MIT */
#include "ledger/recall.h"

#include <stdio.h>
#include <stdlib.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/select.h"
#include "coro/waitgroup.h"
#include "ledger/row.h"

enum { RETRY_S = 5 };

struct recall {
    struct store *store;
    struct keys *keys;
    uint64_t upto;
    struct context *running; /* cancelled to stop it */
    struct waitgroup done;
};

static bool take_key(const struct row *row, void *arg)
{
    struct recall *recall = arg;
    size_t length;
    const char *key = row_bytes(row, 0, &length);
    return context_err(recall->running) == CONTEXT_OK && keys_restore(recall->keys, key, length);
}

static bool read_keys(struct recall *recall)
{
    char sql[200], error[300];
    struct pg *pg = store_connect(recall->running, recall->store, error, sizeof error);
    if (!pg)
        return false;
    snprintf(sql, sizeof sql,
        "COPY (SELECT key FROM entry WHERE ledger = %d AND seq <= %lu AND key IS NOT NULL)"
        " TO STDOUT (FORMAT binary)",
        recall->store->ledger, recall->upto);
    enum pg_status status = pg_unload(recall->running, pg, sql, take_key, recall);
    pg_close(&pg);
    return status == PG_OK;
}

/* A key that comes twice, after a failure on the way, does no harm. */
static void recall_main(void *arg)
{
    struct recall *recall = arg;
    struct select_case end = {.op = SELECT_RECV, .chan = context_done(recall->running)};
    bool all = read_keys(recall);
    while (!all && select_timeout(&end, 1, RETRY_S * CLOCK_S) == SELECT_NONE)
        all = read_keys(recall);
    if (all)
        keys_recalled(recall->keys);
    waitgroup_done(&recall->done);
}

struct recall *recall_start(struct store *store, struct keys *keys, uint64_t upto)
{
    struct recall *recall = calloc(1, sizeof *recall);
    if (!recall)
        return NULL;
    *recall = (struct recall){.store = store, .keys = keys, .upto = upto};
    if (upto == 0) /* there are none: and nothing durable that an answer could be from */
        return recall;
    keys_recall(keys);
    recall->running = context_with_cancel(context_background());
    waitgroup_add(&recall->done, 1);
    if (recall->running && co_spawn_named("recall", recall_main, recall))
        return recall;
    if (recall->running)
        context_release(&recall->running);
    free(recall);
    return NULL;
}

void recall_stop(struct recall **recall)
{
    struct recall *stopped = *recall;
    *recall = NULL;
    if (!stopped)
        return;
    if (stopped->running) {
        context_cancel(stopped->running);
        waitgroup_wait(&stopped->done);
        context_release(&stopped->running);
    }
    free(stopped);
}
