/* SPDX-License-Identifier: MIT */
/*
 * Each access by itself is atomic, so no update is lost and the race detector is silent. But the
 * check is one access and the change another: between the two the check stops being true.
 */
#include "lab/strategy/strategies.h"

#include "lab/machine/cell_access.h"
#include "lab/machine/operation.h"

static bool carry_out(void *state, struct operation *op)
{
    (void)state;

    /* Check … */
    int64_t seen[OPERATION_CELLS];
    for (int i = 0; i < op->count; i++)
        seen[i] = cell_read(op->cells[i]);
    if (!operation_may(op, seen))
        return false;

    /* … then act. */
    for (int i = 0; i < op->count; i++)
        if (op->change[i])
            cell_add(op->cells[i], op->change[i]);
    return true;
}

const struct lab_strategy atomic_strategy = {
    .name = "atomic",
    .title = "Atomic accesses",
    .why = "Each access is atomic, the check and the act together are not.",
    .go = "if balance.Load() >= amount {\n"
          "    balance.Add(-amount)\n"
          "}",
    .files = {__FILE__},
    .carry_out = carry_out,
};
