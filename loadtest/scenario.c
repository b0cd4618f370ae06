/* SPDX-License-Identifier: MIT */
#include "loadtest/scenario.h"

const struct scenario *const scenario_table[] = {
    &scenario_batch,
    &scenario_between,
    &scenario_capture_once,
    &scenario_chain,
    &scenario_credit_line,
    &scenario_double_revert,
    &scenario_double_withdraw,
    &scenario_drain,
    &scenario_freeze_account,
    &scenario_freeze_ledger,
    &scenario_holds,
    &scenario_hot,
    &scenario_key_reuse,
    &scenario_open_once,
    &scenario_opposite,
    &scenario_read_all,
    &scenario_refund,
    &scenario_ring,
    &scenario_same_key,
    &scenario_settle_once,
    &scenario_transfers,
    NULL,
};

bool scenario_run(
    const struct scenario *scenario, const struct load_options *options, struct report *report)
{
    /* All races share one runner; any other scenario has its own. */
    return scenario->race ? race_run(options, report, scenario->race)
                          : scenario->run(options, report);
}
