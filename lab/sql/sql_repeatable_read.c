/* SPDX-License-Identifier: MIT */
/*
 * The same statements as sql_naive.c, at REPEATABLE READ: all reads see one snapshot, and whoever
 * changes a row that another has changed since is refused, and begins again. A row that was only
 * read may change: two transactions that look at the same rows and change different ones both
 * commit.
 */
#include "lab/sql/sql_strategies.h"

static enum sql_outcome transact(struct sql_lane *lane, struct operation *op)
{
    enum sql_outcome outcome;
    int tried = 0;
    do
        outcome = sql_naive_transact(CO_SITE("BEGIN ISOLATION LEVEL REPEATABLE READ"), lane, op);
    while (sql_lane_retries(lane, outcome, ++tried));
    return outcome;
}

static bool carry_out(void *state, struct operation *op)
{
    return sql_strategies_carry_out(state, op, transact);
}

const struct lab_strategy sql_repeatable_read_strategy = {
    .name = "sql-repeatable-read",
    .kind = LAB_STRATEGY_SQL,
    .title = "REPEATABLE READ, with retries",
    .why =
        "A row that another has changed cannot be overwritten, but a check on rows that are only "
        "read can be outrun.",
    .go = "for {\n"
          "    tx := BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT …; UPDATE …; COMMIT\n"
          "    if !isSerializationFailure(tx.err) && !isDeadlock(tx.err) {\n"
          "        return tx.err\n"
          "    }\n"
          "}",
    .files = {__FILE__, "lab/sql/sql_naive.c"},
    .run = sql_trial_run,
    .make = sql_strategies_make,
    .carry_out = carry_out,
    .free = sql_strategies_free,
};
