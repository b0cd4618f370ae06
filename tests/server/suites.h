/* SPDX-License-Identifier: MIT */
/* The suites of the server's tests. */
#ifndef TESTS_SERVER_SUITES_H
#define TESTS_SERVER_SUITES_H

#include "tests/unit.h"

extern const struct unit_suite time_text_suite, arena_suite, json_out_suite, json_in_suite;
extern const struct unit_suite json_kept_suite;
extern const struct unit_suite gzip_text_suite, crossing_suite, arrivals_suite;
extern const struct unit_suite described_suite, request_suite, options_suite, listen_suite,
    route_suite;
extern const struct unit_suite log_suite, echo_suite, head_suite, http_suite, share_suite,
    stream_suite, timing_suite, cluster_suite, token_suite;
extern const struct unit_suite ladder_suite, money_suite, export_suite, unavailable_suite,
    lab_runs_suite, lab_suite, token_text_suite, tls_tickets_suite, hogs_suite, reach_suite,
    rate_suite, method_walk_suite, forwarded_suite, owner_suite, passing_suite, waiting_suite;

#endif
