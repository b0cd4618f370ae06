/* SPDX-License-Identifier: MIT */
#include "ledger/checkpointer.h"

#include <stdio.h>

#include "coro/clock.h"
#include "ledger/failpoint.h"

enum {
    EVERY = 500000, /* entries */
    SOON = 500,     /* for tests of what happens meanwhile */
    RETRY_S = 5,
};

static void checkpointer_main(void *arg)
{
    struct checkpointer *c = arg;
    const uint64_t every = failpoint("checkpoint.soon") ? SOON : EVERY;
    while (journal_await(c->duty.running, c->journal, c->seq + every) == EVENTCOUNT_REACHED) {
        uint64_t seq = journal_durable(c->journal);
        if (store_checkpoint(context_background(), c->store, seq) == PG_OK) {
            c->seq = seq;
            continue;
        }
        fprintf(stderr, "teller: no checkpoint at seq %lu; the start would take longer\n", seq);
        if (!duty_rest(&c->duty, RETRY_S * CLOCK_S))
            break;
    }
}

bool checkpointer_start(
    struct checkpointer *c, struct store *store, struct journal *journal, uint64_t seq)
{
    c->store = store;
    c->journal = journal;
    c->seq = seq;
    return duty_start("checkpointer", &c->duty, checkpointer_main, c);
}
