/* SPDX-License-Identifier: MIT */
#include "ledger/strategy/strategy.h"

#include <string.h>

/* Every strategy that there is: tests, flags and ledgers know them by this table. */
static const struct strategy_kind *const kinds[] = {&owner_strategy, &sharded_strategy};

const struct strategy_kind *strategy_find(const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strlen(kinds[i]->name) == length && memcmp(kinds[i]->name, name, length) == 0)
            return kinds[i];
    return NULL;
}

struct strategy *strategy_make(const char *name)
{
    const struct strategy_kind *kind = strategy_find(name, strlen(name));
    return kind ? kind->make() : NULL;
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

void strategy_read_figures(struct strategy *strategy, struct strategy_figures *figures)
{
    *figures = (struct strategy_figures){.waiting = 0};
    strategy->kind->read_figures(strategy, figures);
}
