/* SPDX-License-Identifier: MIT */
/*
 * A readers-writer mutex, misused: the check under the read lock, the change under the write lock.
 * No access is unprotected; but between the two locks there is none, and the check grows old.
 */
#include "lab/strategy/strategies.h"

#include <stdlib.h>

#include "lab/machine/cell_access.h"
#include "lab/machine/operation.h"
#include "lab/machine/trace.h"
#include "lab/machine/trial.h"
#include "lab/machine/traced.h" /* last */

static void *make(struct trial *trial)
{
    (void)trial;
    struct co_rwmutex *rwmutex = calloc(1, sizeof *rwmutex);
    if (rwmutex)
        trace_name(&rwmutex->guard, "the rwmutex");
    return rwmutex;
}

static bool carry_out(void *state, struct operation *op)
{
    struct co_rwmutex *rwmutex = state;
    int64_t seen[OPERATION_CELLS];

    /* Check, while others may read, too. */
    co_rwmutex_read_lock(rwmutex);
    for (int i = 0; i < op->count; i++)
        seen[i] = cell_read(op->cells[i]);
    bool may = operation_may(op, seen);
    co_rwmutex_read_unlock(rwmutex);
    if (!may)
        return false;

    /* Act, alone: but is it still so? */
    co_rwmutex_write_lock(rwmutex);
    for (int i = 0; i < op->count; i++)
        if (op->change[i])
            cell_write(op->cells[i], cell_read(op->cells[i]) + op->change[i]);
    co_rwmutex_write_unlock(rwmutex);
    return true;
}

const struct lab_strategy misused_rwmutex_strategy = {
    .name = "rwmutex",
    .title = "RWMutex, misused",
    .why = "The check is made under one lock and the change under another; between them anything "
           "may happen.",
    .go = "mu.RLock()\n"
          "enough := balance >= amount\n"
          "mu.RUnlock()\n"
          "if enough {\n"
          "    mu.Lock()\n"
          "    balance -= amount\n"
          "    mu.Unlock()\n"
          "}",
    .files = {__FILE__},
    .make = make,
    .carry_out = carry_out,
};
