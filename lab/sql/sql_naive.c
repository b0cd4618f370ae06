/* SPDX-License-Identifier: MIT */
/*
 * A transaction, and trust in it: read, check, write, commit, at the isolation level that a session
 * has when nobody says another, READ COMMITTED. What was read may have been changed by others, and
 * committed, before the write.
 */
#include "lab/sql/sql_strategies.h"

enum sql_outcome sql_naive_transact(
    const struct co_site *begin, struct sql_lane *lane, struct operation *op)
{
    int64_t seen[OPERATION_CELLS];
    sql_lane_begin_at(begin, lane);

    /* Read, and check. */
    for (int i = 0; i < op->count; i++)
        seen[i] = sql_lane_read(lane, "SELECT balance FROM account WHERE name = $1", op->cells[i]);
    if (!sql_lane_may(lane, op, seen))
        return sql_lane_refuse(lane);

    /* Write what follows from it. */
    for (int i = 0; i < op->count; i++)
        if (op->change[i])
            sql_lane_write(lane, "UPDATE account SET balance = $2 WHERE name = $1", op->cells[i],
                seen[i] + op->change[i]);
    return sql_lane_commit(lane);
}

static enum sql_outcome transact(struct sql_lane *lane, struct operation *op)
{
    return sql_naive_transact(CO_SITE("BEGIN"), lane, op);
}

static bool carry_out(void *state, struct operation *op)
{
    return sql_strategies_carry_out(state, op, transact);
}

const struct lab_strategy sql_naive_strategy = {
    .name = "sql-naive",
    .kind = LAB_STRATEGY_SQL,
    .title = "A transaction, read then write",
    .why = "READ COMMITTED lets others change what was read before it is written back.",
    .go = "BEGIN;\n"
          "SELECT balance FROM account WHERE name = 'alice';   -- 100: enough\n"
          "UPDATE account SET balance = 20 WHERE name = 'alice';\n"
          "COMMIT;",
    .files = {__FILE__},
    .run = sql_trial_run,
    .make = sql_strategies_make,
    .carry_out = carry_out,
    .free = sql_strategies_free,
};
