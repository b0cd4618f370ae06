/* SPDX-License-Identifier: MIT */
/*
 * The scenarios on all processors. What is unsafe is seen to lose within a bounded number of tries,
 * what is safe loses nothing, a deadlock ends, and the figures add up.
 */
#include "lab/parallel/parallel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/sanitize.h"
#include "lab/parallel/latencies.h"
#include "lab/scenario/scenarios.h"
#include "lab/sql/sql_bench.h"
#include "lab/sql/sql_strategies.h"
#include "tests/lab/child.h"
#include "tests/lab/suites.h"

enum { CLIENTS = 1000, CLIENTS_SQL = 60, TRIES = 40, PIECE_MS = 250 };

/* What ThreadSanitizer does around an access takes far longer than the access itself: on a machine
 * that is busy two threads hardly ever meet within one. Other builds must see it. */
enum { RARELY_MEETS = CO_SANITIZE_THREADS };

static const char *const safe[] = {"mutex", "sharded", "owner"};

static int failures;

static void expect(const struct trial *trial, bool good, const char *what)
{
    if (good)
        return;
    failures++;
    printf("%s %s: %s\n", trial->scenario->name, trial->strategy->name, what);
}

static void expect_sums(const struct trial *trial, const struct parallel *p)
{
    expect(trial, p->operations == p->rounds * (uint64_t)trial->clients, "operations");
    expect(trial, p->operations == p->succeeded + p->refused + p->failed + p->stuck, "sum");
    expect(trial, p->rounds > 0 && p->workers > 0, "rounds, workers");
    expect(trial, p->spent_ns > 0 || p->stuck > 0, "time");
    expect(trial, p->stuck == 0 || p->deadlocks > 0, "stuck without a deadlock");
    expect(trial, p->broken_rounds <= p->rounds, "broken rounds");
}

/* Until it breaks, or TRIES are over. */
static struct parallel run(
    const struct lab_scenario *scenario, const char *strategy, struct sql_bench *bench, int tries)
{
    static struct trial trial;
    struct parallel p = {0};
    bool good = trial_open(&trial, scenario, offered_find(strategy), bench ? CLIENTS_SQL : CLIENTS);
    co_ensure(good);
    trial.bench = bench;
    for (int i = 0; i < tries && p.broken_rounds == 0; i++) {
        good = parallel_run(&trial, PIECE_MS * CO_CLOCK_MS, &p);
        expect(&trial, good, bench ? bench->error : "could not be run");
        expect_sums(&trial, &p);
    }
    bool breaks = scenarios_breaks(scenario, trial.strategy);
    bool must = breaks && !RARELY_MEETS;
    expect(&trial, p.broken_rounds > 0 ? breaks : !must, breaks ? "never broken" : "broken");
    trial_close(&trial);
    return p;
}

/* In a process of its own: each round has a runtime of its own. */
int parallel_child(void)
{
    static const struct lab_scenario *const stories[] = {
        &lost_update_scenario, &opposite_transfers_scenario, &many_withdrawals_scenario};
    struct parallel p = run(&lost_update_scenario, "unsafe", NULL, TRIES);
    if ((p.lost <= 0 && !RARELY_MEETS) || p.made != 0) {
        failures++;
        printf("the naive counter: %lld lost, %lld made\n", (long long)p.lost, (long long)p.made);
    }
    p = run(&opposite_transfers_scenario, "unordered-locks", NULL, TRIES);
    if (p.deadlocks == 0 || p.stuck == 0) {
        failures++;
        printf("locks without an order: no deadlock\n");
    }
    for (size_t s = 0; s < sizeof stories / sizeof *stories; s++)
        for (size_t i = 0; i < sizeof safe / sizeof *safe; i++) {
            p = run(stories[s], safe[i], NULL, 1);
            if (p.lost || p.made || p.negative || p.deadlocks || p.failed || p.stuck) {
                failures++;
                printf("%s %s: figures\n", stories[s]->name, safe[i]);
            }
        }
    return failures != 0;
}

static void in_memory(void)
{
    static char text[10000];
    int code = child_run("parallel", text, sizeof text);
    CU_ASSERT_EQUAL(code, 0);
    CU_ASSERT_STRING_EQUAL(text, "");
    fputs(text, stdout);
}

static void on_a_database(void)
{
    static struct sql_bench bench;
    bool good = sql_bench_open(
        co_context_background(), &bench, getenv("TEST_DATABASE"), SQL_BENCH_LANES, true);
    CU_ASSERT_TRUE_FATAL(good);
    failures = 0;
    struct parallel p = run(&lost_update_scenario, "sql-naive", &bench, TRIES);
    CU_ASSERT(p.lost > 0);
    p = run(&opposite_transfers_scenario, "sql-conditional-update", &bench, TRIES);
    CU_ASSERT(p.deadlocks > 0);
    CU_ASSERT(p.failed > 0);
    CU_ASSERT_EQUAL(p.lost + p.made, 0);

    /* Those that hold, and what it takes them. */
    static const char *const names[] = {
        "sql-for-update", "sql-serializable", "sql-advisory-lock", "sql-conditional-update"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        p = run(&many_withdrawals_scenario, names[i], &bench, 1);
        CU_ASSERT_EQUAL(p.lost + p.made + (int64_t)p.negative, 0);
        CU_ASSERT_EQUAL(p.failed, 0);
    }
    p = run(&many_withdrawals_scenario, "sql-repeatable-read", &bench, 1);
    CU_ASSERT(p.retries > 0);
    CU_ASSERT_EQUAL(failures, 0);
    CU_ASSERT_FALSE(bench.failed);
    sql_bench_close(&bench);
}

/* Each class ends where the next one begins, and none is wider than a sixteenth of its end. */
static void latencies_are_told_closely(void)
{
    static const int64_t values[] = {0, 1, 15, 16, 17, 31, 32, 1000, 999999, INT64_MAX / 2};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        static struct latencies latencies;
        memset(&latencies, 0, sizeof latencies);
        latencies_add(&latencies, values[i]);
        int64_t told = latencies_permille(&latencies, 990);
        CU_ASSERT(told >= values[i]);
        CU_ASSERT(told - values[i] <= values[i] / 16);
    }
    static struct latencies many;
    CU_ASSERT_EQUAL(latencies_permille(&many, 990), 0);
    for (int i = 1; i <= 1000; i++)
        latencies_add(&many, i <= 990 ? 10 : 5000);
    CU_ASSERT_EQUAL(latencies_permille(&many, 990), 10);
    CU_ASSERT(latencies_permille(&many, 991) >= 5000);
}

static const struct unit_test tests[] = {
    {"latencies_are_told_closely", latencies_are_told_closely},
    {"in_memory", in_memory},
    {"on_a_database", on_a_database},
    {NULL, NULL},
};

const struct unit_suite suite_parallel = {"parallel", 2, tests};
