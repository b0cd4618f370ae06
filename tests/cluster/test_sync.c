/* SPDX-License-Identifier: MIT */
/* The only synchronous standby is away, and PostgreSQL's wait for it is ended in each way that it
 * can be: nobody is told 201 before the standby is back, and what was told is on it then. */
#include "tests/cluster/suites.h"

#include <stdatomic.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/waitgroup.h"
#include "tests/cluster/cluster.h"
#include "tests/cluster/pair.h"
#include "tests/service/visit.h"

enum { TIMES = 3, PATIENCE_S = 90 };

static struct pair pair;
static struct service service;

/* One payment, sent with its key until it is acknowledged. */
struct payment {
    _Atomic bool answered, over;
    struct co_waitgroup running;
};

static void pay(void *arg)
{
    struct payment *payment = arg;
    struct visit visit;
    visit_begin(&visit, &service);
    while (!payment->answered && !payment->over) {
        visit_post(&visit, "/accounts/alice/deposit", "k", "{\"amount\":7}");
        payment->answered = visit.response.status == 201;
        co_sleep(10 * CO_CLOCK_MS);
    }
    visit_end(&visit);
    co_waitgroup_done(&payment->running);
}

/* Until the commit of a batch waits for the standby. */
static void await_wait(void)
{
    pair_say(&pair, "a",
        "DO \\$\\$BEGIN FOR i IN 1..3000 LOOP PERFORM pg_stat_clear_snapshot();"
        " EXIT WHEN EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep');"
        " PERFORM pg_sleep(0.01); END LOOP;"
        " PERFORM 1 / count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'; END\\$\\$");
}

static void cancel(void)
{
    pair_say(&pair, "a",
        "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
}

static void terminate(void)
{
    pair_say(&pair, "a",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
}

/* All of PostgreSQL starts again then. */
static void kill_backend(void)
{
    cluster_shell("kill -9 $(psql -qXAt -c \"SELECT pid FROM pg_stat_activity WHERE wait_event ="
                  " 'SyncRep' LIMIT 1\" 'host=%s/a user=tester dbname=postgres')",
        pair.folder);
    cluster_shell("for i in $(seq 600); do psql -qXAtc 'SELECT 1'"
                  " 'host=%s/a user=tester dbname=postgres' >/dev/null 2>&1 && exit; sleep 0.1;"
                  " done; exit 1",
        pair.folder);
}

/* What was acknowledged is there when the standby has to go on alone. */
static void promote(void)
{
    struct visit visit;
    pair_do(&pair, "kill", "a");
    pair_say(&pair, "b", "ALTER SYSTEM SET synchronous_standby_names = ''");
    pair_say(&pair, "b", "SELECT pg_promote()");
    CU_ASSERT(service_await_ready(&service, PATIENCE_S * CO_CLOCK_S));
    visit_begin(&visit, &service);
    CU_ASSERT(visit_balance_is(&visit, "alice", 107));
    visit_end(&visit);
}

static void ended_by(void (*end_wait)(void))
{
    struct payment payment = {.answered = false};
    struct visit visit;
    pair_make(&pair, true);
    CU_ASSERT_FATAL(service_make(&service, unit_seed() % 2 ? "owner" : "sharded",
        (const char *const[]){"--database", pair.url, "--require-sync", NULL}));
    visit_begin(&visit, &service);
    CU_ASSERT(visit_fund(&visit, "alice", 100));
    visit_end(&visit);

    pair_do(&pair, "freeze", "b");
    co_waitgroup_add(&payment.running, 1);
    co_ensure(co_spawn(pay, &payment));
    for (int i = 0; i < TIMES; i++) {
        await_wait();
        end_wait();
        co_sleep(CO_CLOCK_S);
    }
    CU_ASSERT_FALSE(payment.answered);
    pair_do(&pair, "wake", "b");
    int64_t until = co_clock_now_ns() + PATIENCE_S * CO_CLOCK_S;
    while (!payment.answered && co_clock_now_ns() < until)
        co_sleep(10 * CO_CLOCK_MS);
    payment.over = true;
    co_waitgroup_wait(&payment.running);
    CU_ASSERT(payment.answered);
    pair_say(&pair, "b", "SELECT 1 / count(*) FROM teller.entry WHERE key = 'k'");
    promote();
    service_remove(&service);
    pair_end(&pair);
}

static void cancelled(void)
{
    ended_by(cancel);
}

static void terminated(void)
{
    ended_by(terminate);
}

static void killed(void)
{
    ended_by(kill_backend);
}

const struct unit_suite sync_suite = {"sync", 2,
    (const struct unit_test[]){
        {"cancelled", cancelled}, {"terminated", terminated}, {"killed", killed}, {0}}};
