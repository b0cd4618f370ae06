/* SPDX-License-Identifier: MIT */
/*
 * No lock: read, decide, and write only if what was read is still there; else begin again. Check
 * and act are one for the cell that is swapped, and for no other: what was seen of a second cell
 * may have changed.
 */
#include "lab/strategy/strategies.h"

#include "lab/machine/cell_access.h"
#include "lab/machine/operation.h"

static bool carry_out(void *state, struct operation *op)
{
    (void)state;
    int64_t seen[OPERATION_CELLS];

    /* The first cell decides. */
    do {
        for (int i = 0; i < op->count; i++)
            seen[i] = cell_read(op->cells[i]);
        if (!operation_may(op, seen))
            return false;
    } while (!cell_swap(op->cells[0], seen[0], seen[0] + op->change[0]));

    /* The others follow. */
    for (int i = 1; i < op->count; i++)
        if (op->change[i])
            cell_add(op->cells[i], op->change[i]);
    return true;
}

const struct lab_strategy compare_and_swap_strategy = {
    .name = "compare-and-swap",
    .title = "Compare and swap",
    .why =
        "One cell is checked and changed in one instruction; a check that needs a second cell is "
        "not.",
    .go = "for {\n"
          "    seen := balance.Load()\n"
          "    if seen < amount {\n"
          "        return false\n"
          "    }\n"
          "    if balance.CompareAndSwap(seen, seen-amount) {\n"
          "        return true\n"
          "    }\n"
          "}",
    .files = {__FILE__},
    .carry_out = carry_out,
};
