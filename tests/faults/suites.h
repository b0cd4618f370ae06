/* SPDX-License-Identifier: MIT */
/* The suites of the fault tests. */
#ifndef TESTS_FAULTS_SUITES_H
#define TESTS_FAULTS_SUITES_H

#include "tests/unit.h"

extern const struct unit_suite model_suite;
extern const struct unit_suite points_suite;
extern const struct unit_suite wire_suite;
extern const struct unit_suite failover_suite;
extern const struct unit_suite partition_suite;
extern const struct unit_suite reads_suite;
extern const struct unit_suite calls_suite;
extern const struct unit_suite clocks_suite;
extern const struct unit_suite disk_suite;
extern const struct unit_suite gone_suite;
extern const struct unit_suite overload_suite;
extern const struct unit_suite kills_suite;
extern const struct unit_suite starts_suite;

/* What a test that failed half-way has left mounted. */
void disk_suite_clean_up(void);

#endif
