/* SPDX-License-Identifier: MIT */
/* A standby that was behind is promoted: what had been acknowledged is not in the database any
 * more. Nothing is told from memory then, the program ends with a status of its own, and starts
 * again only with --accept-lost. */
#include "tests/cluster/suites.h"

#include <stdio.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "tests/cluster/cluster.h"
#include "tests/cluster/pair.h"
#include "tests/service/visit.h"
#include "tests/service/workload.h"

enum { GONE = 4, PATIENCE_S = 60, CLIENTS = 16, SOME = 100 }; /* GONE: its exit code */

static struct pair pair;
static struct service service;

static void begin(void)
{
    struct visit visit;
    pair_make(&pair, false);
    service_prepare(&service, unit_seed() % 2 ? "owner" : "sharded",
        (const char *const[]){"--database", pair.url, NULL});
    CU_ASSERT_FATAL(service_run(&service));
    visit_begin(&visit, &service);
    CU_ASSERT(visit_fund(&visit, "alice", 100));
    visit_end(&visit);
}

/* The standby goes away with all that was there. */
static void leave_behind(void)
{
    pair_say(&pair, "a",
        "DO \\$\\$BEGIN FOR i IN 1..3000 LOOP PERFORM pg_stat_clear_snapshot(); EXIT WHEN EXISTS"
        " (SELECT FROM pg_stat_replication WHERE replay_lsn >= pg_current_wal_lsn());"
        " PERFORM pg_sleep(0.01); END LOOP; END\\$\\$");
    pair_do(&pair, "stop", "b");
}

static void go_back(void)
{
    pair_do(&pair, "kill", "a");
    pair_do(&pair, "start", "b");
    pair_say(&pair, "b", "SELECT pg_promote()");
}

/* From its promotion on. */
static void look_until_the_end(void)
{
    enum { BEATS_MS = 2000 }; /* in which the first beat on the new primary has told it */
    struct visit visit;
    int64_t since_ns = co_clock_now_ns(), told_ns = 0;
    visit_begin(&visit, &service);
    do {
        int64_t asked_ns = co_clock_now_ns();
        visit_get(&visit, "/accounts/alice");
        if (visit.response.status == 200 && visit_is(&visit, "balance", "\"107\""))
            told_ns = asked_ns;
        co_sleep(5 * CO_CLOCK_MS);
    } while (
        visit.got == CLIENT_ANSWERED && co_clock_now_ns() - since_ns < PATIENCE_S * CO_CLOCK_S);
    visit_end(&visit);
    CU_ASSERT(told_ns < since_ns + BEATS_MS * CO_CLOCK_MS);
    CU_ASSERT_EQUAL(service_await_end(&service, PATIENCE_S * CO_CLOCK_S), GONE);
    printf("[ended after %lld ms] ", (long long)((co_clock_now_ns() - since_ns) / CO_CLOCK_MS));
}

/* Its witness tells a new start what the database does not. */
static void start_again(int64_t balance)
{
    struct visit visit;
    service.quiet = true;
    CU_ASSERT_FALSE(service_run(&service));
    CU_ASSERT_EQUAL(service.exit_code, GONE);
    service.quiet = false;
    service.arguments[2] = "--accept-lost";
    CU_ASSERT_FATAL(service_run(&service));
    visit_begin(&visit, &service);
    CU_ASSERT(visit_balance_is(&visit, "alice", balance));
    visit_end(&visit);
    service_remove(&service);
    pair_end(&pair);
}

static void idle(void)
{
    struct visit visit;
    begin();
    leave_behind();
    visit_begin(&visit, &service);
    visit_post(&visit, "/accounts/alice/deposit", "last", "{\"amount\":7}");
    EXPECT_STATUS(&visit, 201);
    visit_end(&visit);
    co_sleep(2 * CO_CLOCK_S); /* the witness is written once a second */
    go_back();
    look_until_the_end();
    start_again(100);
}

static void busy(void)
{
    static struct workload workload;
    begin();
    CU_ASSERT_FATAL(workload_start(&workload, &service, CLIENTS, unit_seed()));
    CU_ASSERT(workload_await(&workload, SOME, PATIENCE_S * CO_CLOCK_S));
    leave_behind();
    CU_ASSERT(workload_await(&workload, SOME, PATIENCE_S * CO_CLOCK_S));
    co_sleep(2 * CO_CLOCK_S);
    go_back();
    look_until_the_end();
    workload_stop(&workload);
    workload_free(&workload);
    start_again(100);
}

const struct unit_suite gone_back_suite = {
    "gone-back", 2, (const struct unit_test[]){{"idle", idle}, {"busy", busy}, {0}}};
