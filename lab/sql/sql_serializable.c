/* SPDX-License-Identifier: MIT */
/*
 * The same statements as sql_naive.c, at SERIALIZABLE: PostgreSQL notes who has read what another
 * changes, and refuses a transaction where the outcome might be one that no order of them gives
 * (M. J. Cahill, U. Röhm, A. D. Fekete, "Serializable isolation for snapshot databases", 2008).
 * Whoever is refused begins again. The order that the outcome agrees with need not be that in which
 * they have committed.
 */
#include "lab/sql/sql_strategies.h"

static enum sql_outcome transact(struct sql_lane *lane, struct operation *op)
{
    enum sql_outcome outcome;
    int tried = 0;
    do
        outcome = sql_naive_transact(CO_SITE("BEGIN ISOLATION LEVEL SERIALIZABLE"), lane, op);
    while (sql_lane_retries(lane, outcome, ++tried));
    return outcome;
}

static bool carry_out(void *state, struct operation *op)
{
    return sql_strategies_carry_out(state, op, transact);
}

const struct lab_strategy sql_serializable_strategy = {
    .name = "sql-serializable",
    .kind = LAB_STRATEGY_SQL,
    .title = "SERIALIZABLE, with retries",
    .why = "What commits is what some order of the transactions, one after the other, would give; "
           "that need not be the order in which they committed.",
    .go = "for {\n"
          "    tx := BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT …; UPDATE …; COMMIT\n"
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
