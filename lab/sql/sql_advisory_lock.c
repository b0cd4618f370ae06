/* SPDX-License-Identifier: MIT */
/*
 * Locks of the program's own, which the database keeps: one for each account, taken in one
 * order before anything is read, and given back at the end of the transaction. As good as a
 * mutex, for all that take it: a program that does not is not kept out.
 */
#include "lab/sql/sql_strategies.h"

static enum sql_outcome transact(struct sql_lane *lane, struct operation *op)
{
    int order[OPERATION_CELLS];
    int64_t seen[OPERATION_CELLS];
    sql_lane_begin(lane, "BEGIN");

    /* Lock, in the order that all keep to. */
    sql_strategies_order(op, order);
    for (int i = 0; i < op->count; i++)
        sql_lane_lock(lane,
            "SELECT pg_advisory_xact_lock(hashtext(current_schema()), no) FROM account"
            " WHERE name = $1",
            op->cells[order[i]]);

    /* Read, check, write. */
    for (int i = 0; i < op->count; i++)
        seen[i] = sql_lane_read(lane, "SELECT balance FROM account WHERE name = $1", op->cells[i]);
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

const struct lab_strategy sql_advisory_lock_strategy = {
    .name = "sql-advisory-lock",
    .kind = LAB_STRATEGY_SQL,
    .title = "Advisory locks",
    .safe = true,
    .why = "A lock for each account, taken in one order before anything is read, is held until "
           "COMMIT.",
    .go = "BEGIN;\n"
          "SELECT pg_advisory_xact_lock(no) FROM account WHERE name = 'alice';\n"
          "SELECT balance FROM account WHERE name = 'alice';   -- 100: enough\n"
          "UPDATE account SET balance = 20 WHERE name = 'alice';\n"
          "COMMIT;",
    .files = {__FILE__},
    .run = sql_trial_run,
    .make = sql_strategies_make,
    .carry_out = carry_out,
    .free = sql_strategies_free,
};
