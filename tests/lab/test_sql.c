/* SPDX-License-Identifier: MIT */
/*
 * Each scenario under each strategy that leaves it to PostgreSQL, on a real one: what is said to
 * break is found, cut to a few switches and replayed by its code; what is said to hold does, by
 * both walks.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/machine/shrink.h"
#include "lab/scenario/scenarios.h"
#include "lab/sql/sql_bench.h"
#include "lab/sql/sql_strategies.h"
#include "tests/lab/suites.h"

enum { FIND_WITHIN = 1000, SWITCHES_MOST = 4, SEEDS_SHORT = 15 };

static const char *const walks[] = {"random", "pct"};

static struct {
    struct sql_bench bench;
    struct trial trial;
    struct explore explore;
    struct explore_path path, again;
} one;

static void say(const char *what)
{
    printf("\n    %s %s %s: %s ", one.trial.scenario->name, one.trial.strategy->name,
        walks[one.explore.walk], what);
}

static void open_bench(void)
{
    bool good = sql_bench_open(
        co_context_background(), &one.bench, getenv("TEST_DATABASE"), TRIAL_CLIENTS_SEEDED, false);
    if (!good)
        printf("\n    %s ", one.bench.error);
    CU_ASSERT_TRUE_FATAL(good);
}

static void open_trial(
    const struct lab_scenario *scenario, const struct lab_strategy *strategy, int walk)
{
    bool good = trial_open(&one.trial, scenario, strategy, 0);
    CU_ASSERT_TRUE_FATAL(good);
    one.trial.bench = &one.bench;
    one.explore = (struct explore){.walk = (enum explore_walk)walk, .depth = 3};
}

static void expect_found(void)
{
    bool found;
    uint64_t tried = explore_find(&one.trial, &one.explore, 1, FIND_WITHIN, &found, &one.path);
    CU_ASSERT_TRUE(found);
    if (!found) {
        say("not found");
        return;
    }
    size_t before = one.path.count;
    uint64_t runs = shrink(&one.trial, &one.path);
    if (getenv("LAB_TELL"))
        printf("\n    %-18s %-22s %-6s seed %3llu, %2zu switches, cut to %zu in %3llu runs: %s",
            one.trial.scenario->name, one.trial.strategy->name, walks[one.explore.walk],
            (unsigned long long)tried, before, one.path.count, (unsigned long long)runs,
            one.trial.verdict.verdict);
    CU_ASSERT(one.path.count <= SWITCHES_MOST);
    bool again = explore_replay(&one.trial, one.path.switches, one.path.count, true, &one.again);
    CU_ASSERT_TRUE(again);
    if (!again)
        say("what was found does not break it again");
    int wrong = 0;
    for (size_t i = 0; i < one.trial.trace.step_count; i++)
        wrong += one.trial.trace.steps[i].wrong;
    CU_ASSERT_EQUAL(wrong, 1);
}

static void expect_none(uint64_t seeds)
{
    uint64_t first = 0;
    uint64_t broken = explore_count(&one.trial, &one.explore, 1, seeds, &first);
    CU_ASSERT_EQUAL(broken, 0);
    if (broken) {
        char text[80];
        snprintf(text, sizeof text, "%llu seeds broke it, first %llu", (unsigned long long)broken,
            (unsigned long long)first);
        say(text);
    }
}

static void all_pairings(bool breaks)
{
    const char *given = getenv("LAB_SEEDS");
    uint64_t seeds = given ? strtoull(given, NULL, 10) : SEEDS_SHORT;
    open_bench();
    for (const struct lab_scenario *const *s = scenarios_all; *s; s++)
        for (const struct lab_strategy *const *t = (*s)->strategies; *t; t++)
            for (int walk = EXPLORE_RANDOM; walk <= EXPLORE_PCT; walk++) {
                if ((*t)->kind != LAB_STRATEGY_SQL || scenarios_breaks(*s, *t) != breaks)
                    continue;
                open_trial(*s, *t, walk);
                if (breaks)
                    expect_found();
                else
                    expect_none(seeds);
                trial_close(&one.trial);
                if (one.bench.failed)
                    printf("\n    %s ", one.bench.error);
                CU_ASSERT_FALSE_FATAL(one.bench.failed);
            }
    sql_bench_close(&one.bench);
}

static void what_breaks_is_found(void)
{
    all_pairings(true);
}

static void what_holds_is_never_broken(void)
{
    all_pairings(false);
}

/* What of a step must be the same whenever the schedule is. */
static bool is_same(const struct trace_step *a, const struct trace_step *b)
{
    return a->lane == b->lane && a->verb == b->verb && a->line == b->line && a->on == b->on &&
           strcmp(a->text, b->text) == 0 && a->value == b->value && a->known == b->known &&
           a->switched == b->switched && a->wrong == b->wrong &&
           memcmp(a->truth, b->truth, sizeof a->truth) == 0 &&
           memcmp(a->believes, b->believes, sizeof a->believes) == 0;
}

/* The steps of a seed, and those of its code. */
static void expect_the_same(uint64_t seed)
{
    static struct trace_step steps[TRACE_STEPS_MAX];
    bool broken = explore_seed(&one.trial, &one.explore, seed, true, &one.path);
    size_t count = one.trial.trace.step_count, same = 0;
    memcpy(steps, one.trial.trace.steps, count * sizeof *steps);
    CU_ASSERT(count > 0);
    CU_ASSERT_EQUAL(
        broken, explore_replay(&one.trial, one.path.switches, one.path.count, true, &one.again));
    CU_ASSERT_EQUAL(one.trial.trace.step_count, count);
    while (same < count && same < one.trial.trace.step_count &&
           is_same(&steps[same], &one.trial.trace.steps[same]))
        same++;
    CU_ASSERT_EQUAL(same, count);
    if (same != count)
        say("its code gives other steps");
    CU_ASSERT_EQUAL(one.path.points, one.again.points);
}

static void a_code_gives_the_same_steps(void)
{
    enum { SEEDS = 6 };
    open_bench();
    for (const struct lab_scenario *const *s = scenarios_all; *s; s++)
        for (const struct lab_strategy *const *t = (*s)->strategies; *t; t++) {
            if ((*t)->kind != LAB_STRATEGY_SQL)
                continue;
            open_trial(*s, *t, EXPLORE_RANDOM);
            for (uint64_t seed = 1; seed <= SEEDS; seed++)
                expect_the_same(seed);
            trial_close(&one.trial);
        }
    CU_ASSERT_FALSE(one.bench.failed);
    sql_bench_close(&one.bench);
}

/* With as many lanes as there can be many wait for one row, and circles get longer. */
static void crowds_hold_as_well(void)
{
    static const struct lab_strategy *const safe[] = {&sql_for_update_strategy,
        &sql_advisory_lock_strategy, &sql_serializable_strategy, &sql_repeatable_read_strategy};
    static const struct lab_scenario *const stories[] = {
        &many_withdrawals_scenario, &opposite_transfers_scenario, &ring_scenario};
    open_bench();
    for (size_t s = 0; s < sizeof stories / sizeof *stories; s++)
        for (size_t t = 0; t < sizeof safe / sizeof *safe; t++) {
            bool good = trial_open(&one.trial, stories[s], safe[t], TRIAL_CLIENTS_SEEDED);
            CU_ASSERT_TRUE_FATAL(good);
            one.trial.bench = &one.bench;
            one.explore = (struct explore){.walk = EXPLORE_RANDOM};
            expect_none(3);
            expect_the_same(4);
            trial_close(&one.trial);
        }
    CU_ASSERT_FALSE(one.bench.failed);
    if (one.bench.failed)
        printf("\n    %s ", one.bench.error);
    sql_bench_close(&one.bench);
}

static const struct unit_test tests[] = {
    {"what_breaks_is_found", what_breaks_is_found},
    {"what_holds_is_never_broken", what_holds_is_never_broken},
    {"a_code_gives_the_same_steps", a_code_gives_the_same_steps},
    {"crowds_hold_as_well", crowds_hold_as_well},
    {NULL, NULL},
};

const struct unit_suite suite_sql = {"sql", 1, tests};
