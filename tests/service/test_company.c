/* SPDX-License-Identifier: MIT */
/*
 * What connections cost that do little, each kind alone: clients that send heads or bodies byte by
 * byte and read in bits; listeners to a ledger in which a hundred entries a second come; idle ones.
 * CROWDS=long (`make bench-connections`): as many as the service is meant to withstand, and how the
 * latency and the rate of an ordinary client's payments are beside them, as figures; otherwise a
 * tenth of them, to see that all are served.
 */
#include "tests/service/suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "tests/service/compare.h"
#include "tests/service/crowd.h"
#include "tests/service/fleet.h"

enum { RATE = 4000, ENTRIES_PER_S = 100 };

static const char account[] = "unread";

static bool is_long(void)
{
    const char *given = getenv("CROWDS");
    return given && strcmp(given, "long") == 0;
}

/* One kind of company. The entries that listeners are told of are made in any case, so that only
 * the listening is compared. */
struct company {
    struct service service;
    size_t count;
    void (*fn)(void *fleet); /* NULL: idle ones */
    struct fleet fleet;
    struct crowd idle;
    atomic_bool stop;
    int64_t paid;
    struct co_waitgroup running;
};

static struct company company;

/* ---- the three kinds ------------------------------------------------------------------------- */

/* A deposit to the ledger `other` every 10 ms. */
static void pay_other(void *arg)
{
    struct visit visit;
    (void)arg;
    visit_begin(&visit, &company.service);
    int64_t due_ns = co_clock_now_ns();
    while (!company.stop) {
        visit_post(&visit, "/v1/ledgers/other/accounts/a/deposit", NULL, "{\"amount\":1}");
        CU_ASSERT_EQUAL(visit.response.status, 201);
        company.paid++;
        due_ns += CO_CLOCK_S / ENTRIES_PER_S;
        co_sleep(due_ns - co_clock_now_ns());
    }
    visit_end(&visit);
    co_waitgroup_done(&company.running);
}

static void come(void *arg)
{
    static const char asks[] = "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n";
    (void)arg;
    if (company.fn)
        fleet_start(&company.fleet, &company.service, company.count, company.fn);
    else
        crowd_begin(&company.idle, &company.service);
    while (!company.fn && company.idle.count < company.count)
        (void)crowd_send(&company.idle, asks, sizeof asks - 1);
}

static void go(void *arg)
{
    (void)arg;
    if (company.fn)
        fleet_stop(&company.fleet);
    else
        crowd_end(&company.idle);
}

/* ---- what an ordinary client finds beside them ----------------------------------------------- */

/* One descriptor for each of them, here and there: the service has the limit that we have. */
static void raise_descriptors(size_t needed)
{
    struct rlimit limit;
    CU_ASSERT_EQUAL_FATAL(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    CU_ASSERT_EQUAL_FATAL(setrlimit(RLIMIT_NOFILE, &limit), 0);
    CU_ASSERT_FATAL(limit.rlim_max >= needed);
}

static void begin(void)
{
    struct visit visit;
    struct beside warm;
    raise_descriptors(company.count + 1000);
    CU_ASSERT_FATAL(service_make(&company.service, "owner",
        (const char *const[]){
            "--max-streams-per-token", "4000", "--max-connections", "12000", NULL}));
    visit_begin(&visit, &company.service);
    crowd_fill_journal(&visit, 20); /* long answers */
    visit_post(&visit, "/v1/ledgers", NULL, "{\"name\":\"other\"}");
    EXPECT_STATUS(&visit, 201);
    visit_post(&visit, "/v1/ledgers/other/accounts", NULL, "{\"id\":\"a\",\"asset\":\"USD/2\"}");
    EXPECT_STATUS(&visit, 201);
    visit_end(&visit);
    if (is_long())
        beside_measure(&company.service, account, 0, 3, &warm);
    if (company.fn == fleet_listen_other) {
        co_waitgroup_add(&company.running, 1);
        co_ensure(co_spawn(pay_other, NULL));
    }
}

static void end(void)
{
    struct visit visit;
    company.stop = true;
    co_waitgroup_wait(&company.running);
    visit_begin(&visit, &company.service);
    CU_ASSERT(visit_is_alone(&visit));
    visit_end(&visit);
    CU_ASSERT_EQUAL(service_stop(&company.service), 0);
    service_remove(&company.service);
}

/* By the clock, for the latency; then as many as there can be, for the rate. */
static void compare(int rate)
{
    (void)compare_run(&(struct compare){.service = &company.service,
        .account = account,
        .rate = is_long() ? rate : rate / 10,
        .rounds = is_long() ? 5 : 1,
        .seconds = is_long() ? 4 : 1,
        .come = come,
        .go = go});
}

static void beside(size_t count, void (*fn)(void *fleet))
{
    memset(&company, 0, sizeof company);
    company.count = is_long() ? count : count / 10;
    company.fn = fn;
    begin();
    compare(RATE);
    if (is_long())
        compare(0);
    end();
}

static void slow_clients(void)
{
    beside(1000, fleet_drip);
}

static void listeners(void)
{
    beside(2000, fleet_listen_other);
    CU_ASSERT(company.paid > 0 && company.fleet.bytes > 0);
}

static void idle(void)
{
    beside(10000, NULL);
}

const struct unit_suite company_suite = {"company", 2,
    (const struct unit_test[]){
        {"slow_clients", slow_clients}, {"listeners", listeners}, {"idle", idle}, {0}}};
