/* SPDX-License-Identifier: MIT */
#include "ledger/strategy/strategy.h"

#include <string.h>

static const struct strategy_kind *const kinds[] = {&owner_strategy, &sharded_strategy};

struct strategy *strategy_make(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i]->name, name) == 0)
            return kinds[i]->make();
    return NULL;
}

void strategy_free(struct strategy **strategy)
{
    if (*strategy)
        (*strategy)->kind->free(*strategy);
    *strategy = NULL;
}

void strategy_run(struct strategy *strategy, struct account *const *accounts, size_t count,
    void (*section)(void *arg), void *arg)
{
    strategy->kind->run(strategy, accounts, count, section, arg);
}
