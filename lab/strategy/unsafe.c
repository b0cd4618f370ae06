/* SPDX-License-Identifier: MIT */
/*
 * No protection at all: read, think, write. Whatever another coroutine did between the read and the
 * write is not seen, or is overwritten.
 */
#include "lab/strategy/strategies.h"

#include "lab/machine/cell_access.h"
#include "lab/machine/operation.h"

static bool carry_out(void *state, struct operation *op)
{
    (void)state;

    /* Read. */
    int64_t seen[OPERATION_CELLS];
    for (int i = 0; i < op->count; i++)
        seen[i] = cell_read(op->cells[i]);

    /* Think. */
    if (!operation_may(op, seen))
        return false;
    operation_think();

    /* Write: `balance += change` is a load, an addition and a store. */
    for (int i = 0; i < op->count; i++)
        if (op->change[i])
            cell_write(op->cells[i], cell_read(op->cells[i]) + op->change[i]);
    return true;
}

const struct lab_strategy unsafe_strategy = {
    .name = "unsafe",
    .title = "Unsafe",
    .why = "What was read may have changed by the time of the write, and nobody looks again.",
    .go = "if balance >= amount {\n"
          "    balance -= amount\n"
          "}",
    .files = {__FILE__},
    .carry_out = carry_out,
};
