/* SPDX-License-Identifier: MIT */
/* Invariant: a session is in `places`, or with the one coroutine that has it. Whoever has one of
 * the background has a permit of `background`, and took that first. */
#include "ledger/db/errands.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/chan.h"
#include "coro/chan_context.h"
#include "coro/clock.h"
#include "coro/co.h"
#include "coro/semaphore.h"

struct errands {
    char *conninfo;
    enum pg_use use;
    struct co_chan *places; /* of struct pg *; NULL: to be made */
    struct co_semaphore background;
    _Atomic int waiting;
};

struct errands *errands_make(const char *conninfo, enum pg_use use)
{
    struct errands *errands = calloc(1, sizeof *errands);
    struct pg *none = NULL;
    if (!errands)
        return NULL;
    errands->use = use;
    errands->conninfo = strdup(conninfo);
    errands->places = co_chan_make(sizeof(struct pg *), ERRANDS);
    if (!errands->conninfo || !errands->places) {
        errands_free(&errands);
        return NULL;
    }
    for (int i = 0; i < ERRANDS; i++)
        co_ensure(co_chan_try_send(errands->places, &none) == CO_CHAN_OK);
    co_semaphore_release(&errands->background, ERRANDS_BACKGROUND);
    return errands;
}

void errands_free(struct errands **errands)
{
    struct errands *freed = *errands;
    struct pg *pg;
    *errands = NULL;
    if (!freed)
        return;
    while (freed->places && co_chan_try_recv(freed->places, &pg) == CO_CHAN_OK)
        pg_close(&pg);
    if (freed->places)
        co_chan_free(&freed->places);
    free(freed->conninfo);
    free(freed);
}

static void give(struct errands *errands, enum errand kind, struct pg *pg)
{
    co_ensure(co_chan_try_send(errands->places, &pg) == CO_CHAN_OK); /* it came out of there */
    if (kind == ERRAND_IN_BACKGROUND)
        co_semaphore_release(&errands->background, 1);
}

struct pg *errands_begin(
    struct co_context *context, struct errands *errands, enum errand kind, char *error, size_t size)
{
    struct pg *pg = NULL;
    snprintf(error, size, "the time for it was over");
    if (kind == ERRAND_IN_BACKGROUND && !co_semaphore_acquire(context, &errands->background, 1))
        return NULL;
    atomic_fetch_add(&errands->waiting, 1);
    bool taken = co_chan_context_recv(context, errands->places, &pg) == CO_CHAN_OK;
    atomic_fetch_sub(&errands->waiting, 1);
    if (!taken) {
        if (kind == ERRAND_IN_BACKGROUND)
            co_semaphore_release(&errands->background, 1);
        return NULL;
    }
    if (!pg)
        pg = pg_connect_for(context, errands->conninfo, errands->use, error, size);
    if (pg)
        pg_bound(pg, ERRANDS_SILENCE_S * CO_CLOCK_S);
    else
        give(errands, kind, NULL);
    return pg;
}

void errands_end(struct errands *errands, enum errand kind, struct pg **pg)
{
    struct pg *had = *pg;
    *pg = NULL;
    if (!had)
        return;
    /* What is left in the middle of something is of no use to others. */
    if (!pg_is_at_rest(had) || atomic_load(&errands->waiting) == 0)
        pg_close(&had);
    give(errands, kind, had);
}
