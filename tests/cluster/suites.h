/* SPDX-License-Identifier: MIT */
/* The suites of the cluster's tests. */
#ifndef TESTS_CLUSTER_SUITES_H
#define TESTS_CLUSTER_SUITES_H

#include "tests/unit.h"

extern const struct unit_suite deploy_suite;
extern const struct unit_suite failover_suite;
extern const struct unit_suite sync_suite;
extern const struct unit_suite gone_back_suite;
extern const struct unit_suite takeover_suite;
extern const struct unit_suite cut_suite;

#endif
