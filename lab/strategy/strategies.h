/* SPDX-License-Identifier: MIT */
/* The strategies that live in memory, one a file. */
#ifndef LAB_STRATEGY_STRATEGIES_H
#define LAB_STRATEGY_STRATEGIES_H

#include "lab/machine/lab_strategy.h"

extern const struct lab_strategy unsafe_strategy, atomic_strategy, unordered_locks_strategy,
    one_mutex_strategy, misused_rwmutex_strategy, compare_and_swap_strategy,
    production_owner_strategy, production_sharded_strategy, leaking_strategy,
    leaking_buffer_strategy, leaking_context_strategy;

/* All of them, a NULL behind; and those that carry out any operation. */
extern const struct lab_strategy *const strategies_all[], *const strategies_of_operations[];

/* By its name; NULL: there is none. */
const struct lab_strategy *strategies_find(const char *name);

#endif
