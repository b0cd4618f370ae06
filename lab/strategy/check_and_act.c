/* SPDX-License-Identifier: MIT */
/* What all have in common that protect the check and the act together. */
#include "lab/strategy/check_and_act.h"

#include "lab/machine/cell_access.h"

bool check_and_act(struct operation *op)
{
    /* All is read before anything is changed: a refusal changes nothing. */
    int64_t seen[OPERATION_CELLS];
    for (int i = 0; i < op->count; i++)
        seen[i] = cell_read(op->cells[i]);
    if (!operation_may(op, seen))
        return false;
    for (int i = 0; i < op->count; i++)
        if (op->change[i])
            cell_write(op->cells[i], seen[i] + op->change[i]);
    return true;
}
