/* SPDX-License-Identifier: MIT */
/* Invariant: each connection is in the channel, or with the one coroutine that uses it; `lending`
 * has its one token unless a connection is lent. */
#include "ledger/db/readers.h"

#include <stdlib.h>
#include <string.h>

#include "coro/chan.h"
#include "coro/clock.h"
#include "coro/select.h"

struct readers {
    char *conninfo;
    struct chan *idle;    /* of struct pg * (NULL: to be connected at next use) */
    struct chan *lending; /* of the right to borrow one */
};

/* False: the context ended first. */
static bool take(struct context *context, struct readers *readers, struct pg **reader)
{
    struct select_case cases[] = {
        {.op = SELECT_RECV, .chan = readers->idle, .item = reader},
        {.op = SELECT_RECV, .chan = context_done(context)},
    };
    return select_wait(cases, 2) == 0;
}

static void give(struct readers *readers, struct pg *reader)
{
    if (reader && pg_is_lost(reader))
        pg_close(&reader);
    if (reader)
        pg_bound(reader, 0);
    enum chan_status put = chan_try_send(readers->idle, &reader);
    ensure(put == CHAN_OK); /* there is room for all that came out of it */
}

static void stop_lending(struct readers *readers)
{
    enum chan_status put = chan_try_send(readers->lending, NULL);
    ensure(put == CHAN_OK);
}

enum pg_status readers_run(struct context *context, struct readers *readers,
    const struct pg_statement *statement, const char *const *values, struct pg_result **result)
{
    char problem[300];
    struct pg *reader;
    enum pg_status status = PG_LOST;
    if (result)
        *result = NULL;
    if (!take(context, readers, &reader))
        return PG_LOST;
    for (int tries = 0; tries < 2 && status == PG_LOST; tries++) {
        if (reader && pg_is_lost(reader))
            pg_close(&reader);
        if (reader)
            pg_bound(reader, READERS_IDLE_SILENCE_S * CLOCK_S);
        else /* what answers late on a new one does answer */
            reader = pg_connect(context, readers->conninfo, PG_APP_ROLE, problem, sizeof problem);
        if (!reader)
            break;
        status = pg_run(context, reader, statement, values, result);
    }
    give(readers, reader);
    return status;
}

struct pg *readers_borrow(struct context *context, struct readers *readers)
{
    char problem[300];
    struct pg *reader = NULL;
    struct select_case cases[] = {
        {.op = SELECT_RECV, .chan = readers->lending},
        {.op = SELECT_RECV, .chan = context_done(context)},
    };
    if (select_wait(cases, 2) != 0)
        return NULL;
    bool taken = take(context, readers, &reader);
    if (reader && pg_is_lost(reader))
        pg_close(&reader);
    if (taken && !reader)
        reader = pg_connect(context, readers->conninfo, PG_APP_ROLE, problem, sizeof problem);
    if (reader) {
        pg_bound(reader, READERS_LENT_SILENCE_S * CLOCK_S);
    } else {
        if (taken)
            give(readers, NULL);
        stop_lending(readers);
    }
    return reader;
}

void readers_return(struct readers *readers, struct pg *reader)
{
    give(readers, reader);
    stop_lending(readers);
}

struct readers *readers_make(const char *conninfo, size_t connections)
{
    struct readers *readers = calloc(1, sizeof *readers);
    if (!readers)
        return NULL;
    readers->conninfo = strdup(conninfo);
    readers->idle = chan_make(sizeof(struct pg *), connections);
    readers->lending = chan_make(0, 1);
    if (!readers->conninfo || !readers->idle || !readers->lending) {
        readers_free(&readers);
        return NULL;
    }
    stop_lending(readers);
    for (size_t i = 0; i < connections; i++)
        give(readers, NULL);
    return readers;
}

void readers_free(struct readers **readers)
{
    struct readers *freed = *readers;
    struct pg *reader;
    *readers = NULL;
    if (!freed)
        return;
    while (freed->idle && chan_try_recv(freed->idle, &reader) == CHAN_OK)
        pg_close(&reader);
    if (freed->idle)
        chan_free(&freed->idle);
    if (freed->lending)
        chan_free(&freed->lending);
    free(freed->conninfo);
    free(freed);
}
