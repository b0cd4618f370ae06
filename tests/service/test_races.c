/* SPDX-License-Identifier: MIT */
/* The scenarios of the load tester, held to their promises under both strategies. */
#include "tests/service/suites.h"

#include <stdio.h>
#include <stdlib.h>

#include "loadtest/scenario.h"
#include "tests/service/service.h"

/* Rounds and racers; TEST_ROUNDS in the environment sets the rounds of all. */
static void promise(
    const char *strategy, const struct scenario *scenario, int64_t rounds, int64_t racers)
{
    struct service *service = service_shared(strategy);
    CU_ASSERT_PTR_NOT_NULL_FATAL(service);
    const char *given = getenv("TEST_ROUNDS");
    struct options options = scenario->defaults;
    options.target = service->target;
    options.rounds = given ? strtol(given, NULL, 10) : rounds;
    options.racers = racers;
    options.seed = (int64_t)unit_seed();
    struct report *report = report_make();
    CU_ASSERT_PTR_NOT_NULL_FATAL(report);
    CU_ASSERT(scenario->run(&options, report));
    CU_ASSERT_EQUAL(report->violations, 0);
    CU_ASSERT_EQUAL(report->figure[0].value, options.rounds);
    CU_ASSERT_EQUAL(report->figure[1].value, options.rounds);
    for (uint64_t i = 0; i < report->violations && i < 5; i++)
        printf("\n    %s\n", report->violation[i]);
    report_free(&report);
}

static void double_withdraw(const char *strategy)
{
    promise(strategy, &scenario_double_withdraw, 1000, 2);
}
BOTH_STRATEGIES(double_withdraw)

static void fifty_withdraw(const char *strategy)
{
    promise(strategy, &scenario_double_withdraw, 40, 50);
}
BOTH_STRATEGIES(fifty_withdraw)

static void same_key(const char *strategy)
{
    promise(strategy, &scenario_same_key, 40, 50);
}
BOTH_STRATEGIES(same_key)

const struct unit_suite races_suite = {"races", 2,
    (const struct unit_test[]){
        BOTH_ROWS(double_withdraw), BOTH_ROWS(fifty_withdraw), BOTH_ROWS(same_key), {0}}};
