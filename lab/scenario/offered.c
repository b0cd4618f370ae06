/* SPDX-License-Identifier: MIT */
#include "lab/scenario/offered.h"

#include <string.h>

#include "lab/sql/sql_strategies.h"
#include "lab/strategy/strategies.h"

const struct lab_strategy *const offered_for_operations[] = {
    STRATEGIES_OF_OPERATIONS, SQL_STRATEGIES, NULL};

const struct lab_strategy *const offered_all[] = {
    STRATEGIES_OF_OPERATIONS, SQL_STRATEGIES, STRATEGIES_OF_LEAKS, NULL};

const struct lab_strategy *offered_find(const char *name)
{
    for (const struct lab_strategy *const *at = offered_all; *at; at++)
        if (strcmp((*at)->name, name) == 0)
            return *at;
    return NULL;
}
