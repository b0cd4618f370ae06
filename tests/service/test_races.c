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
    struct load_options options = scenario->defaults;
    options.target = service->target;
    options.rounds = given ? strtol(given, NULL, 10) : rounds;
    options.racers = racers;
    options.seed = (int64_t)unit_seed();
    struct report *report = report_make();
    CU_ASSERT_PTR_NOT_NULL_FATAL(report);
    CU_ASSERT(scenario_run(scenario, &options, report));
    CU_ASSERT_EQUAL(report_verdict(report), REPORT_KEPT);
    CU_ASSERT_EQUAL(report->figure[0].value, options.rounds);
    CU_ASSERT_EQUAL(report->figure[1].value, options.rounds);
    for (uint64_t i = 0; i < report->violations.count && i < 5; i++)
        printf("\n    %s\n", report->violations.text[i]);
    for (uint64_t i = 0; i < report->doubts.count && i < 5; i++)
        printf("\n    %s\n", report->doubts.text[i]);
    report_free(&report);
}

#define PROMISE(name, rounds, racers)                                                              \
    static void name(const char *strategy)                                                         \
    {                                                                                              \
        promise(strategy, &scenario_##name, rounds, racers);                                       \
    }                                                                                              \
    BOTH_STRATEGIES(name)

PROMISE(double_withdraw, 1000, 2)
PROMISE(batch, 6, 100)
PROMISE(between, 5, 60)
PROMISE(capture_once, 10, 100)
PROMISE(chain, 3, 1000)
PROMISE(credit_line, 10, 100)
PROMISE(double_revert, 500, 2)
PROMISE(drain, 3, 1000)
PROMISE(freeze_account, 10, 100)
PROMISE(freeze_ledger, 10, 100)
PROMISE(holds, 10, 100)
PROMISE(hot, 4, 300)
PROMISE(key_reuse, 10, 100)
PROMISE(open_once, 10, 100)
PROMISE(opposite, 3, 1000)
PROMISE(read_all, 4, 200)
PROMISE(refund, 3, 1000)
PROMISE(ring, 4, 300)
PROMISE(same_key, 3, 1000)
PROMISE(settle_once, 10, 100)

static void fifty_withdraw(const char *strategy)
{
    promise(strategy, &scenario_double_withdraw, 40, 50);
}
BOTH_STRATEGIES(fifty_withdraw)

const struct unit_suite races_suite = {"races", 2,
    (const struct unit_test[]){BOTH_ROWS(fifty_withdraw), BOTH_ROWS(batch), BOTH_ROWS(between),
        BOTH_ROWS(capture_once), BOTH_ROWS(chain), BOTH_ROWS(credit_line), BOTH_ROWS(double_revert),
        BOTH_ROWS(double_withdraw), BOTH_ROWS(drain), BOTH_ROWS(freeze_account),
        BOTH_ROWS(freeze_ledger), BOTH_ROWS(holds), BOTH_ROWS(hot), BOTH_ROWS(key_reuse),
        BOTH_ROWS(open_once), BOTH_ROWS(opposite), BOTH_ROWS(read_all), BOTH_ROWS(refund),
        BOTH_ROWS(ring), BOTH_ROWS(same_key), BOTH_ROWS(settle_once), {0}}};
