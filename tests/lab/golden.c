/* SPDX-License-Identifier: MIT */
/* What is the same on any machine, in any process: the pictures of some runs (in golden.txt), and
 * the table of lab/README.md. `make lab-table` writes both again. */
#include <stdio.h>
#include <stdlib.h>

#include "lab/machine/shrink.h"
#include "lab/scenario/scenarios.h"
#include "lab/show/lanes.h"
#include "lab/show/result_json.h"
#include "tests/lab/suites.h"

static struct trial trial;
static struct explore_path path;

/* Lines of code move; what happens does not. */
static void forget_lines(void)
{
    for (size_t i = 0; i < trial.trace.step_count; i++)
        trial.trace.steps[i].line = 0;
}

static void print_run(const char *scenario, const char *strategy, uint64_t seed, int walk)
{
    struct explore explore = {.walk = (enum explore_walk)walk, .depth = 3};
    struct outcome outcome = {.trial = &trial, .path = &path, .walk = explore.walk};
    outcome.has_seed = true;
    outcome.seed = seed;
    co_ensure(trial_open(&trial, scenarios_find(scenario), offered_find(strategy), 0));
    explore_seed(&trial, &explore, seed, true, &path);
    forget_lines();
    lanes_print(stdout, &outcome, false);
    char *text = result_json(&outcome);
    printf("%s\n\n", text ? text : "out of memory");
    free(text);

    /* The code of it goes the same way. */
    size_t count = path.count;
    static struct explore_path again;
    explore_replay(&trial, path.switches, count, true, &again);
    co_ensure(again.count == count && again.points == path.points);
    trial_close(&trial);
}

int golden_runs(void)
{
    print_run("double-withdraw", "unsafe", 7, EXPLORE_RANDOM);
    print_run("double-withdraw", "owner", 3, EXPLORE_PCT);
    print_run("opposite-transfers", "unordered-locks", 3, EXPLORE_RANDOM);
    print_run("opposite-transfers", "sharded", 5, EXPLORE_RANDOM);
    print_run("write-skew", "compare-and-swap", 3, EXPLORE_RANDOM);
    print_run("hold-end", "rwmutex", 1, EXPLORE_RANDOM);
    print_run("leak", "leak", 7, EXPLORE_PCT);
    print_run("leak", "leak-context", 11, EXPLORE_RANDOM);
    return 0;
}

static void print_search(int walk)
{
    struct explore explore = {.walk = (enum explore_walk)walk, .depth = 3};
    bool found;
    unsigned long long tried = explore_find(&trial, &explore, 1, 10000, &found, &path);
    size_t before = path.count;
    shrink(&trial, &path);
    printf(" %llu | %zu → %zu |", tried, before, path.count);
}

/* A row for each scenario and strategy that breaks it. */
int golden_table(void)
{
    static char code[CODE_TEXT];
    puts("| scenario | strategy | random: seeds tried | switches | PCT: seeds tried | switches | "
         "code | what happens |\n|---|---|---:|---:|---:|---:|---|---|");
    for (const struct lab_scenario *const *s = scenarios_all; *s; s++)
        for (const struct lab_strategy *const *t = offered_all; *t; t++) {
            if ((*t)->kind != LAB_STRATEGY_MEMORY || !scenarios_offers(*s, *t) ||
                !scenarios_breaks(*s, *t))
                continue;
            co_ensure(trial_open(&trial, *s, *t, 0));
            printf("| %s | %s |", (*s)->name, (*t)->name);
            print_search(EXPLORE_RANDOM);
            print_search(EXPLORE_PCT);
            explore_replay(&trial, path.switches, path.count, true, &path);
            printf(" `%s` | %s |\n", code_format(path.switches, path.count, code),
                trial.verdict.verdict);
            trial_close(&trial);
        }
    return 0;
}

/* Is one of the strategies that the ledger itself uses broken? Says by which seed it is found. */
int golden_planted(const char *strategy)
{
    for (int walk = EXPLORE_RANDOM; walk <= EXPLORE_PCT; walk++)
        for (const struct lab_scenario *const *s = scenarios_all; *s; s++) {
            const struct lab_strategy *used = offered_find(strategy);
            struct explore explore = {.walk = (enum explore_walk)walk, .depth = 3};
            bool found;
            if (!scenarios_offers(*s, used))
                continue;
            co_ensure(trial_open(&trial, *s, used, 0));
            uint64_t tried = explore_find(&trial, &explore, 1, 10000, &found, &path);
            if (found)
                printf("found in %s by seed %llu: %s\n", (*s)->name, (unsigned long long)tried,
                    trial.verdict.verdict);
            trial_close(&trial);
            if (found)
                return 0;
        }
    return 1;
}
