/* SPDX-License-Identifier: MIT */
#ifndef TESTS_LOADTEST_SUITES_H
#define TESTS_LOADTEST_SUITES_H

#include "tests/unit.h"

extern const struct unit_suite histogram_suite;
extern const struct unit_suite stage_times_suite;
extern const struct unit_suite json_view_suite;
extern const struct unit_suite response_suite;
extern const struct unit_suite dice_suite;
extern const struct unit_suite race_suite;
extern const struct unit_suite client_suite;
extern const struct unit_suite simulation_suite;

#endif
