/* SPDX-License-Identifier: MIT */
/* The strategies that leave it to PostgreSQL, one a file. A trial of one of them needs a bench
 * (sql_bench.h), and is run by sql_trial.h. */
#ifndef LAB_SQL_SQL_STRATEGIES_H
#define LAB_SQL_SQL_STRATEGIES_H

#include "lab/machine/lab_strategy.h"
#include "lab/machine/operation.h"
#include "lab/sql/sql_lane.h"
#include "lab/sql/sql_trial.h"

extern const struct lab_strategy sql_naive_strategy, sql_conditional_update_strategy,
    sql_for_update_strategy, sql_repeatable_read_strategy, sql_serializable_strategy,
    sql_advisory_lock_strategy;

/* All of them, for a list. */
#define SQL_STRATEGIES                                                                             \
    &sql_naive_strategy, &sql_conditional_update_strategy, &sql_for_update_strategy,               \
        &sql_repeatable_read_strategy, &sql_serializable_strategy, &sql_advisory_lock_strategy

/* What they have in common: their state is the trial's bench; an operation is carried out on one of
 * its lanes. */
void *sql_strategies_make(struct trial *trial);
void sql_strategies_free(void *state);
bool sql_strategies_carry_out(void *state, struct operation *op,
    enum sql_outcome (*transact)(struct sql_lane *lane, struct operation *op));

/* order[] lists the operation's cells as all operations shall lock them. */
void sql_strategies_order(const struct operation *op, int order[OPERATION_CELLS]);

/* Read, check and write in one transaction, which `begin` begins. */
enum sql_outcome sql_naive_transact(
    const struct co_site *begin, struct sql_lane *lane, struct operation *op);

#endif
