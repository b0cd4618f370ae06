/* SPDX-License-Identifier: MIT */
/*
 * Lock first: SELECT … FOR UPDATE reads a row and keeps others from changing or locking it until
 * the end of the transaction. All rows that the check looks at are locked, also those that are not
 * changed, and in one order for all transactions: so nobody waits in a circle.
 */
#include "lab/sql/sql_strategies.h"

static enum sql_outcome transact(struct sql_lane *lane, struct operation *op)
{
    int64_t seen[OPERATION_CELLS];
    int order[OPERATION_CELLS];
    sql_lane_begin(lane, "BEGIN");

    /* Lock and read, in the order that all keep to. */
    sql_strategies_order(op, order);
    for (int i = 0; i < op->count; i++)
        seen[order[i]] = sql_lane_read_locked(
            lane, "SELECT balance FROM account WHERE name = $1 FOR UPDATE", op->cells[order[i]]);

    /* Check, and write. */
    if (!sql_lane_may(lane, op, seen))
        return sql_lane_refuse(lane);
    for (int i = 0; i < op->count; i++)
        if (op->change[i])
            sql_lane_write(lane, "UPDATE account SET balance = $2 WHERE name = $1", op->cells[i],
                seen[i] + op->change[i]);
    return sql_lane_commit(lane);
}

static bool carry_out(void *state, struct operation *op)
{
    return sql_strategies_carry_out(state, op, transact);
}

const struct lab_strategy sql_for_update_strategy = {
    .name = "sql-for-update",
    .kind = LAB_STRATEGY_SQL,
    .title = "SELECT … FOR UPDATE",
    .safe = true,
    .why =
        "All rows of the check are locked, in one order, before they are read, and stay so until "
        "COMMIT.",
    .go = "BEGIN;\n"
          "SELECT balance FROM account WHERE name = 'alice' FOR UPDATE;\n"
          "SELECT balance FROM account WHERE name = 'bob' FOR UPDATE;     -- always in this order\n"
          "UPDATE account SET balance = 20 WHERE name = 'alice';\n"
          "COMMIT;",
    .files = {__FILE__},
    .run = sql_trial_run,
    .make = sql_strategies_make,
    .carry_out = carry_out,
    .free = sql_strategies_free,
};
