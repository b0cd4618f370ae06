/* SPDX-License-Identifier: MIT */
/*
 * Each scenario under each strategy that is offered for it, by both walks: what is said to break
 * is found and cut to a few switches, and what is said to hold does, by LAB_SEEDS seeds (the long
 * form is `make lab-seeds`).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/sanitize.h"
#include "lab/machine/shrink.h"
#include "lab/scenario/scenarios.h"
#include "tests/lab/child.h"
#include "tests/lab/suites.h"

enum { FIND_WITHIN = 10000, SWITCHES_MOST = 3, SEEDS_SHORT = CO_SANITIZED ? 30 : 1000 };

static const char *const walks[] = {"random", "pct"};

struct pairing {
    struct trial trial;
    struct explore explore;
    struct explore_path path;
    int failed;
};

static void fail(struct pairing *p, const char *what)
{
    p->failed++;
    printf("%s %s %s: %s\n", p->trial.scenario->name, p->trial.strategy->name,
        walks[p->explore.walk], what);
}

static void expect_found(struct pairing *p)
{
    bool found;
    explore_find(&p->trial, &p->explore, 1, FIND_WITHIN, &found, &p->path);
    if (!found) {
        fail(p, "not found");
        return;
    }
    shrink(&p->trial, &p->path);
    if (p->path.count > SWITCHES_MOST)
        fail(p, "not cut to a few switches");
    if (!explore_replay(&p->trial, p->path.switches, p->path.count, true, &p->path))
        fail(p, "what was found does not break it again");

    /* The picture of it: one step is where it went wrong. */
    int wrong = 0;
    for (size_t i = 0; i < p->trial.trace.step_count; i++)
        wrong += p->trial.trace.steps[i].wrong;
    if (wrong != 1 || p->trial.trace.cut)
        fail(p, "not one step is wrong");
}

static void expect_none(struct pairing *p, uint64_t seeds)
{
    uint64_t first = 0;
    uint64_t broken = explore_count(&p->trial, &p->explore, 1, seeds, &first);
    if (broken == 0)
        return;
    char text[80];
    snprintf(text, sizeof text, "%llu seeds broke it, first %llu", (unsigned long long)broken,
        (unsigned long long)first);
    fail(p, text);
}

static void *make_nothing(struct trial *made_for)
{
    (void)made_for;
    return NULL; /* as calloc() when memory is short */
}

static bool never_asked(void *state, struct operation *op)
{
    (void)state, (void)op;
    co_ensure(false);
}

/* When a strategy finds no memory for its state nothing is tried, and nothing proved. */
static int run_short(void)
{
    static const struct lab_strategy starved = {
        .name = "starved", .make = make_nothing, .carry_out = never_asked};
    static struct pairing p;
    co_ensure(trial_open(&p.trial, &double_withdraw_scenario, &starved, 0));
    bool broken = explore_seed(&p.trial, &p.explore, 1, true, &p.path);
    bool good = !broken && p.trial.short_of_memory && !p.trial.deadlocked;
    trial_close(&p.trial);
    return good ? 0 : 1;
}

/* `which`: "breaks", "holds" or "short". */
int pairings_child(const char *which)
{
    static struct pairing p;
    if (strcmp(which, "short") == 0)
        return run_short();
    const char *given = getenv("LAB_SEEDS");
    uint64_t seeds = given ? strtoull(given, NULL, 10) : SEEDS_SHORT;
    bool breaks = strcmp(which, "breaks") == 0;
    for (const struct lab_scenario *const *s = scenarios_all; *s; s++)
        for (const struct lab_strategy *const *t = (*s)->strategies; *t; t++)
            for (int walk = EXPLORE_RANDOM; walk <= EXPLORE_PCT; walk++) {
                if (scenarios_breaks(*s, *t) != breaks || (*t)->kind == LAB_STRATEGY_SQL)
                    continue; /* those with a database: test_sql.c */
                co_ensure(trial_open(&p.trial, *s, *t, 0));
                p.explore = (struct explore){.walk = (enum explore_walk)walk, .depth = 3};
                if (breaks)
                    expect_found(&p);
                else
                    expect_none(&p, seeds);
                trial_close(&p.trial);
            }
    return p.failed ? 1 : 0;
}

static void expect_child(const char *which)
{
    static char text[10000];
    int code = child_run(which, text, sizeof text);
    CU_ASSERT_EQUAL(code, 0);
    CU_ASSERT_STRING_EQUAL(text, "");
    fputs(text, stdout);
}

static void what_breaks_is_found(void)
{
    expect_child("breaks");
}

static void what_holds_is_never_broken(void)
{
    expect_child("holds");
}

static void short_memory_proves_nothing(void)
{
    expect_child("short");
}

/* A strategy that is said to be safe breaks nowhere; one that is not does somewhere. */
static void safe_is_what_breaks_nowhere(void)
{
    for (const struct lab_strategy *const *t = offered_all; *t; t++) {
        int broken = 0;
        for (const struct lab_scenario *const *s = scenarios_all; *s; s++)
            broken += scenarios_offers(*s, *t) && scenarios_breaks(*s, *t);
        CU_ASSERT_EQUAL((*t)->safe, broken == 0);
    }
}

static const struct unit_test tests[] = {
    {"safe_is_what_breaks_nowhere", safe_is_what_breaks_nowhere},
    {"short_memory_proves_nothing", short_memory_proves_nothing},
    {"what_breaks_is_found", what_breaks_is_found},
    {"what_holds_is_never_broken", what_holds_is_never_broken},
    {NULL, NULL},
};

const struct unit_suite suite_pairings = {"pairings", 1, tests};
