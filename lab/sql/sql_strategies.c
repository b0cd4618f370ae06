/* SPDX-License-Identifier: MIT */
#include "lab/sql/sql_strategies.h"

#include "lab/sql/sql_bench.h"

void *sql_strategies_make(struct trial *trial)
{
    return trial->bench;
}

void sql_strategies_free(void *state)
{
    (void)state; /* whoever made the bench gives it back */
}

bool sql_strategies_carry_out(void *state, struct operation *op,
    enum sql_outcome (*transact)(struct sql_lane *lane, struct operation *op))
{
    struct sql_bench *bench = state;
    struct sql_lane *lane = sql_bench_borrow(bench, op);
    enum sql_outcome outcome = transact(lane, op);
    sql_bench_return(bench, lane, outcome);
    op->failed = outcome != SQL_DONE && outcome != SQL_REFUSED;
    return outcome == SQL_DONE;
}

void sql_strategies_order(const struct operation *op, int order[OPERATION_CELLS])
{
    for (int i = 0; i < op->count; i++) {
        int k = i;
        for (; k > 0 && op->cells[i]->number < op->cells[order[k - 1]]->number; k--)
            order[k] = order[k - 1];
        order[k] = i;
    }
}
