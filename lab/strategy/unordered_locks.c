/* SPDX-License-Identifier: MIT */
/*
 * A mutex for each cell, taken in the order in which the operation names them. Check and act are
 * one; but two operations that name the same two cells the other way round each take one and wait
 * for the other's. The cure is one order for all: see ledger/strategy/sharded.c.
 */
#include "lab/strategy/strategies.h"

#include "lab/machine/operation.h"
#include "lab/machine/trace.h"
#include "lab/machine/trial.h"
#include "lab/strategy/check_and_act.h"
#include "lab/machine/traced.h" /* last */

static void *name_the_locks(struct trial *trial)
{
    for (int i = 0; i < trial->cell_count; i++)
        trace_name(&trial->cells[i].mutex.guard, trial->cells[i].name);
    return trial->cells;
}

static bool carry_out(void *state, struct operation *op)
{
    (void)state;
    for (int i = 0; i < op->count; i++)
        co_mutex_lock(&op->cells[i]->mutex); /* in any order: this is the mistake */

    bool may = check_and_act(op);

    for (int i = op->count; i-- > 0;)
        co_mutex_unlock(&op->cells[i]->mutex);
    return may;
}

static void nothing_to_free(void *state)
{
    (void)state; /* the cells are the trial's */
}

const struct lab_strategy unordered_locks_strategy = {
    .name = "unordered-locks",
    .title = "Locks without an order",
    .why = "Two clients that take the same two locks in opposite orders wait for each other.",
    .go = "from.mu.Lock()\n"
          "to.mu.Lock()\n"
          "defer from.mu.Unlock()\n"
          "defer to.mu.Unlock()",
    .files = {__FILE__},
    .make = name_the_locks,
    .carry_out = carry_out,
    .free = nothing_to_free,
};
