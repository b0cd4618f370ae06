/* SPDX-License-Identifier: MIT */
/* The suites of the cluster's tests. */
#ifndef TESTS_CLUSTER_SUITES_H
#define TESTS_CLUSTER_SUITES_H

#include "tests/unit.h"

/* Of tests/service, with the cluster's database: one owner each, and requests passed on. */
extern const struct unit_suite places_suite, forward_suite, forward_cuts_suite;

extern const struct unit_suite deploy_suite;
extern const struct unit_suite failover_suite;
extern const struct unit_suite sync_suite;
extern const struct unit_suite gone_back_suite;
extern const struct unit_suite takeover_suite;
extern const struct unit_suite warm_suite;
extern const struct unit_suite cut_suite;

#endif
