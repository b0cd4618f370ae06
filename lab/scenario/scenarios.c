/* SPDX-License-Identifier: MIT */
#include "lab/scenario/scenarios.h"

#include <string.h>

const struct lab_scenario *const scenarios_all[] = {
    &double_withdraw_scenario,
    &many_withdrawals_scenario,
    &lost_update_scenario,
    &opposite_transfers_scenario,
    &ring_scenario,
    &hot_account_scenario,
    &write_skew_scenario,
    &retries_scenario,
    &hold_end_scenario,
    &freeze_credit_scenario,
    &leak_scenario,
    NULL,
};

const struct lab_scenario *scenarios_find(const char *name)
{
    for (const struct lab_scenario *const *at = scenarios_all; *at; at++)
        if (strcmp((*at)->name, name) == 0)
            return *at;
    return NULL;
}

bool scenarios_offers(const struct lab_scenario *scenario, const struct lab_strategy *strategy)
{
    for (const struct lab_strategy *const *at = scenario->strategies; *at; at++)
        if (*at == strategy)
            return true;
    return false;
}

bool scenarios_breaks(const struct lab_scenario *scenario, const struct lab_strategy *strategy)
{
    for (const char *const *at = scenario->breaks; *at; at++)
        if (strcmp(*at, strategy->name) == 0)
            return true;
    return false;
}
