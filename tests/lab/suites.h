/* SPDX-License-Identifier: MIT */
/* The suites of the lab's tests, in the order in which they run: simple things first. */
#ifndef TESTS_LAB_SUITES_H
#define TESTS_LAB_SUITES_H

#include "tests/unit.h"

extern const struct unit_suite suite_code, suite_pairings, suite_golden, suite_sql_place, suite_sql,
    suite_parallel;

/* What they do in processes of their own, since a test runs inside of a runtime. */
int pairings_child(const char *which);
int parallel_child(void);
int golden_runs(void);
int golden_table(void);
int golden_planted(const char *strategy); /* 0: it was found to be broken */

#endif
