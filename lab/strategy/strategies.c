/* SPDX-License-Identifier: MIT */
#include "lab/strategy/strategies.h"

#include <string.h>

#define OF_OPERATIONS                                                                              \
    &unsafe_strategy, &atomic_strategy, &unordered_locks_strategy, &misused_rwmutex_strategy,      \
        &compare_and_swap_strategy, &one_mutex_strategy, &production_sharded_strategy,             \
        &production_owner_strategy

const struct lab_strategy *const strategies_of_operations[] = {OF_OPERATIONS, NULL};

const struct lab_strategy *const strategies_all[] = {
    OF_OPERATIONS, &leaking_strategy, &leaking_buffer_strategy, &leaking_context_strategy, NULL};

const struct lab_strategy *strategies_find(const char *name)
{
    for (const struct lab_strategy *const *at = strategies_all; *at; at++)
        if (strcmp((*at)->name, name) == 0)
            return *at;
    return NULL;
}
