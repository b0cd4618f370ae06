/* SPDX-License-Identifier: MIT */
/*
 * Now and then the journal's tail is folded into the balance table, so that a start has little to
 * fold. It is done by the database from what is durable, on a connection of its own; the writer
 * does not wait for it, and nothing depends on when it happens.
 */
#ifndef LEDGER_CHECKPOINTER_H
#define LEDGER_CHECKPOINTER_H

#include "ledger/journal.h"
#include "ledger/store.h"

struct checkpointer;

/* `seq`: the last checkpoint. NULL: memory is short. */
MUST_CHECK struct checkpointer *checkpointer_start(
    struct store *store, struct journal *journal, uint64_t seq);

/* Stop it and free it; before the journal stops. Parks until a fold that is under way has ended. */
void checkpointer_stop(struct checkpointer **checkpointer);

#endif
