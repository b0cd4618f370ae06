/* SPDX-License-Identifier: MIT */
#include "ledger/checkpointer.h"

#include <stdio.h>
#include <stdlib.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/waitgroup.h"
#include "ledger/failpoint.h"

enum {
    EVERY = 500000, /* entries */
    SOON = 500,     /* for tests of what happens meanwhile */
    RETRY_S = 5,
};

struct checkpointer {
    struct store *store;
    struct journal *journal;
    struct context *running; /* cancelled to stop it */
    struct waitgroup done;
    uint64_t seq;
};

static void checkpointer_main(void *arg)
{
    struct checkpointer *c = arg;
    const uint64_t every = failpoint("checkpoint.soon") ? SOON : EVERY;
    while (journal_await(c->running, c->journal, c->seq + every) == EVENTCOUNT_REACHED) {
        uint64_t seq = journal_durable(c->journal);
        if (store_checkpoint(context_background(), c->store, seq) == PG_OK) {
            c->seq = seq;
            continue;
        }
        fprintf(stderr, "teller: no checkpoint at seq %lu; the start would take longer\n", seq);
        struct context *pause = context_with_timeout(c->running, RETRY_S * CLOCK_S);
        if (!pause)
            break;
        bool stopped = journal_await(pause, c->journal, UINT64_MAX) == EVENTCOUNT_CLOSED;
        context_release(&pause);
        if (stopped)
            break;
    }
    waitgroup_done(&c->done);
}

struct checkpointer *checkpointer_start(struct store *store, struct journal *journal, uint64_t seq)
{
    struct checkpointer *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    *c = (struct checkpointer){.store = store, .journal = journal, .seq = seq};
    c->running = context_with_cancel(context_background());
    waitgroup_add(&c->done, 1);
    if (c->running && co_spawn_named("checkpointer", checkpointer_main, c))
        return c;
    if (c->running)
        context_release(&c->running);
    free(c);
    return NULL;
}

void checkpointer_stop(struct checkpointer **checkpointer)
{
    struct checkpointer *c = *checkpointer;
    *checkpointer = NULL;
    if (!c)
        return;
    context_cancel(c->running);
    waitgroup_wait(&c->done);
    context_release(&c->running);
    free(c);
}
