/* SPDX-License-Identifier: MIT */
/* The scenarios, one a file. */
#ifndef LAB_SCENARIO_SCENARIOS_H
#define LAB_SCENARIO_SCENARIOS_H

#include "lab/machine/lab_scenario.h"
#include "lab/machine/trial.h"
#include "lab/scenario/offered.h"
#include "lab/strategy/strategies.h"

extern const struct lab_scenario double_withdraw_scenario, many_withdrawals_scenario,
    opposite_transfers_scenario, ring_scenario, write_skew_scenario, hot_account_scenario,
    retries_scenario, hold_end_scenario, freeze_credit_scenario, lost_update_scenario,
    leak_scenario;

/* All of them, a NULL behind. */
extern const struct lab_scenario *const scenarios_all[];

/* By its name; NULL: there is none. */
const struct lab_scenario *scenarios_find(const char *name);

/* Is that strategy offered for it? And does it break there? */
bool scenarios_offers(const struct lab_scenario *scenario, const struct lab_strategy *strategy);
bool scenarios_breaks(const struct lab_scenario *scenario, const struct lab_strategy *strategy);

#endif
