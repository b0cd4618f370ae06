/* SPDX-License-Identifier: MIT */
/* The strategies that live in memory, one a file. */
#ifndef LAB_STRATEGY_STRATEGIES_H
#define LAB_STRATEGY_STRATEGIES_H

#include "lab/machine/lab_strategy.h"

extern const struct lab_strategy unsafe_strategy, atomic_strategy, unordered_locks_strategy,
    one_mutex_strategy, misused_rwmutex_strategy, compare_and_swap_strategy,
    production_owner_strategy, production_sharded_strategy, leaking_strategy,
    leaking_buffer_strategy, leaking_context_strategy;

/* For lists: those that carry out any operation, and those of the scenario of the leak. */
#define STRATEGIES_OF_OPERATIONS                                                                   \
    &unsafe_strategy, &atomic_strategy, &unordered_locks_strategy, &misused_rwmutex_strategy,      \
        &compare_and_swap_strategy, &one_mutex_strategy, &production_sharded_strategy,             \
        &production_owner_strategy
#define STRATEGIES_OF_LEAKS &leaking_strategy, &leaking_buffer_strategy, &leaking_context_strategy

#endif
