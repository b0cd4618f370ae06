/* SPDX-License-Identifier: MIT */
/* The suites of the black-box tests, and how a test runs under both strategies. */
#ifndef TESTS_SERVICE_SUITES_H
#define TESTS_SERVICE_SUITES_H

#include "tests/unit.h"

/* Turns `static void test(const char *strategy)` into two tests; and their rows in a suite. */
#define BOTH_STRATEGIES(test)                                                                      \
    static void test##_owner(void)                                                                 \
    {                                                                                              \
        test("owner");                                                                             \
    }                                                                                              \
    static void test##_sharded(void)                                                               \
    {                                                                                              \
        test("sharded");                                                                           \
    }
#define BOTH_ROWS(test)                                                                            \
    {#test "_owner", test##_owner},                                                                \
    {                                                                                              \
#test "_sharded", test##_sharded                                                           \
    }

extern const struct unit_suite frame_suite;
extern const struct unit_suite checker_suite;
extern const struct unit_suite accounts_suite;
extern const struct unit_suite names_suite;
extern const struct unit_suite transfers_suite;
extern const struct unit_suite batches_suite;
extern const struct unit_suite pages_suite;
extern const struct unit_suite holds_suite;
extern const struct unit_suite ledgers_suite;
extern const struct unit_suite audits_suite;
extern const struct unit_suite crossings_suite, crossing_kills_suite, crossings_apart_suite;
extern const struct unit_suite lab_suite;
extern const struct unit_suite export_suite;
extern const struct unit_suite export_range_suite;
extern const struct unit_suite widest_suite;
extern const struct unit_suite bounds_suite;
extern const struct unit_suite metadata_suite;
extern const struct unit_suite version_suite;
extern const struct unit_suite commands_suite;
extern const struct unit_suite desk_suite;
extern const struct unit_suite experiments_suite;
extern const struct unit_suite operation_suite;
extern const struct unit_suite config_suite;
extern const struct unit_suite supervisor_suite;
extern const struct unit_suite handover_suite;
extern const struct unit_suite upgrade_suite;
extern const struct unit_suite stop_suite;
extern const struct unit_suite backup_suite;
extern const struct unit_suite tokens_suite, token_life_suite, rates_suite;
extern const struct unit_suite environment_suite;
extern const struct unit_suite keys_suite;
extern const struct unit_suite access_suite;
extern const struct unit_suite timing_suite;
extern const struct unit_suite request_ids_suite;
extern const struct unit_suite logs_suite;
extern const struct unit_suite machinery_suite;
extern const struct unit_suite origin_suite;
extern const struct unit_suite cors_suite;
extern const struct unit_suite methods_suite;
extern const struct unit_suite precedence_suite;
extern const struct unit_suite statuses_suite;
extern const struct unit_suite refusals_suite;
extern const struct unit_suite rejections_suite;
extern const struct unit_suite grammar_suite;
extern const struct unit_suite smuggling_suite;
extern const struct unit_suite flood_suite;
extern const struct unit_suite company_suite;
extern const struct unit_suite sizes_suite;
extern const struct unit_suite hostile_suite;
extern const struct unit_suite endings_suite;
extern const struct unit_suite resources_suite;
extern const struct unit_suite crowds_suite;
extern const struct unit_suite idle_suite;
extern const struct unit_suite tls_suite;
extern const struct unit_suite handshakes_suite;
extern const struct unit_suite events_suite;
extern const struct unit_suite races_suite;
extern const struct unit_suite verdicts_suite;
extern const struct unit_suite connections_suite;
extern const struct unit_suite stalls_suite;
extern const struct unit_suite pooler_suite;
extern const struct unit_suite lost_suite;
extern const struct unit_suite sessions_suite;
extern const struct unit_suite takeover_suite;
extern const struct unit_suite places_suite, leaving_suite, spread_suite, resting_kills_suite,
    resting_stops_suite;
extern const struct unit_suite forward_suite, forward_cuts_suite;
extern const struct unit_suite forward_ends_suite, forward_secret_suite;
extern const struct unit_suite servers_suite, control_suite, stale_suite, read_database_suite;
extern const struct unit_suite token_servers_suite, hearsay_suite;
extern const struct unit_suite databases_suite;
extern const struct unit_suite crashes_suite;

#endif
