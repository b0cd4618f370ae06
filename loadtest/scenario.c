/* SPDX-License-Identifier: MIT */
#include "loadtest/scenario.h"

const struct scenario *const scenarios[] = {
    &scenario_double_withdraw,
    &scenario_same_key,
    &scenario_transfers,
    NULL,
};
