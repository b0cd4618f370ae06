/* SPDX-License-Identifier: MIT */
#include "loadtest/scenario.h"

const struct scenario *const scenario_table[] = {
    &scenario_double_withdraw,
    &scenario_same_key,
    &scenario_transfers,
    NULL,
};
