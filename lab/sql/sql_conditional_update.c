/* SPDX-License-Identifier: MIT */
/*
 * Check and act in one statement. It locks the row, waits for whoever has it, and looks again at
 * the row as that one has left it; so for one row it cannot go wrong. But the rows that the check
 * looks at beside that are neither locked nor looked at again; and transactions that change two
 * rows in opposite orders wait for each other.
 */
#include "lab/sql/sql_strategies.h"

static enum sql_outcome transact(struct sql_lane *lane, struct operation *op)
{
    sql_lane_begin(lane, "BEGIN");

    /* Check and act in one statement: no row changed means no. */
    if (!sql_lane_change(lane, "UPDATE account SET balance = balance + $2 WHERE name = $1",
            op->cells[0], op->change[0], op->condition))
        return sql_lane_refuse(lane);

    /* The others follow, in any order: of two rows this is the mistake. */
    for (int i = 1; i < op->count; i++)
        if (op->change[i])
            (void)sql_lane_change(lane, "UPDATE account SET balance = balance + $2 WHERE name = $1",
                op->cells[i], op->change[i], NULL);
    return sql_lane_commit(lane);
}

static bool carry_out(void *state, struct operation *op)
{
    return sql_strategies_carry_out(state, op, transact);
}

const struct lab_strategy sql_conditional_update_strategy = {
    .name = "sql-conditional-update",
    .kind = LAB_STRATEGY_SQL,
    .title = "UPDATE … WHERE it is enough",
    .why = "The check is made again on the locked row, but only on that row; and two rows are "
           "locked in any order.",
    .go = "UPDATE account SET balance = balance - 80\n"
          " WHERE name = 'alice' AND balance >= 80;          -- UPDATE 0: refused",
    .files = {__FILE__},
    .run = sql_trial_run,
    .make = sql_strategies_make,
    .carry_out = carry_out,
    .free = sql_strategies_free,
};
