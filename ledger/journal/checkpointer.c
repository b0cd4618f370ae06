/* SPDX-License-Identifier: MIT */
#include "ledger/journal/checkpointer.h"

#include <stdio.h>

#include "coro/clock.h"
#include "ledger/failpoint.h"
#include "ledger/journal/sealer.h"
#include "ledger/notice.h"

enum {
    EVERY = 500000, /* entries */
    SOON = 500,     /* for tests of what happens meanwhile */
    RETRY_S = 5,
};

void checkpointer_keep_keys(struct co_context *context, const struct checkpointer *c)
{
    char why[300] = "";
    if (!sealer_seal(context, c->store, c->keys, c->seq, why, sizeof why) &&
        co_context_err(context) == CO_CONTEXT_OK)
        notice(NOTICE_TROUBLE,
            "the keys up to seq %lu are not kept (%s); the start would take longer", c->seq, why);
}

bool checkpointer_fold(struct checkpointer *c)
{
    char why[300], reason[400];
    uint64_t seq = journal_durable(c->journal);
    switch (store_checkpoint(co_context_background(), c->store, seq, why, sizeof why)) {
    case STORE_COMMITTED:
        c->seq = seq;
        return true;
    case STORE_REFUSED:
        snprintf(reason, sizeof reason,
            "a checkpoint found that the journal does not add up: at seq %lu: %s", seq, why);
        journal_halt(c->journal, reason);
        return false;
    case STORE_RETRY:
        break; /* the next one takes in what this one did not */
    }
    notice(NOTICE_TROUBLE, "no checkpoint at seq %lu (%s); the start would take longer", seq, why);
    return false;
}

static void checkpointer_main(void *arg)
{
    struct checkpointer *c = arg;
    const uint64_t every = failpoint("checkpoint.soon") ? SOON : EVERY;
    checkpointer_keep_keys(c->duty.running, c); /* if the process before did not get to it */
    while (journal_await(c->duty.running, c->journal, JOURNAL_ENTRY, c->seq + every) ==
           CO_EVENTCOUNT_REACHED) {
        if (checkpointer_fold(c)) {
            checkpointer_keep_keys(c->duty.running, c);
            continue;
        }
        if (!journal_is_served(c->journal) || !co_duty_rest(&c->duty, RETRY_S * CO_CLOCK_S))
            break;
    }
}

bool checkpointer_start(struct checkpointer *c, struct store *store, struct journal *journal,
    const struct keys *keys, uint64_t seq)
{
    c->store = store;
    c->keys = keys;
    c->journal = journal;
    c->seq = seq;
    return co_duty_start("checkpointer", &c->duty, checkpointer_main, c);
}
