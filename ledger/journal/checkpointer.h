/* SPDX-License-Identifier: MIT */
/*
x balances, holds, what is frozen, and the keys. It is done by the database, or out
 * of it, from what is durable, on a connection of its own; the writer does not wait for it, and
 * nothing depends on when it happens.
 */
#ifndef LEDGER_JOURNAL_CHECKPOINTER_H
#define LEDGER_JOURNAL_CHECKPOINTER_H

#include "coro/duty.h"
#include "ledger/journal/journal.h"
#include "ledger/journal/store.h"

struct checkpointer {
    struct co_duty duty;
    struct store *store;
    struct journal *journal;
    const struct keys *keys;
    uint64_t seq; /* the last checkpoint */
};

/* To be stopped before the journal is, which waits for a fold that is under way. False: memory is
 * short. */
CO_MUST_CHECK bool checkpointer_start(struct checkpointer *c, struct store *store,
    struct journal *journal, const struct keys *keys, uint64_t seq);

/* Fold what is durable, now; false: that failed. If what the journal says does not add up, it is
 * stopped. Not while another fold is under way. Parks. */
CO_MUST_CHECK bool checkpointer_fold(struct checkpointer *c);

/* Keep the keys up to the last checkpoint (sealer.h), or say why not (notice.h). Parks. */
void checkpointer_keep_keys(struct co_context *context, const struct checkpointer *c);

#endif
