/* SPDX-License-Identifier: MIT */
/* Many connections together: at every count, also where an event loop's batch ends, and above what
 * the service can hold. */
#include "tests/service/suites.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "loadtest/crew.h"
#include "loadtest/gate.h"
#include "tests/service/visit.h"

enum { REQUESTS = 20, BUDGET_SECONDS = 60 };

struct storm {
    const struct service *service;
    struct gate *gate;
    _Atomic size_t done, refused, other, without_hint; /* the last: a 503 without Retry-After */
};

/* Each client sends its requests one after the other; all begin together. */
static void storm_client(size_t index, void *arg)
{
    struct storm *storm = arg;
    struct visit visit;
    (void)index;
    visit_begin(&visit, storm->service);
    CU_ASSERT(client_connect(visit.client) == CLIENT_ANSWERED);
    gate_pass(storm->gate);
    for (int i = 0; i < REQUESTS; i++) {
        visit_post(&visit, "/accounts/stormed/deposit", NULL, "{\"amount\":1}");
        if (visit.response.status == 201)
            storm->done++;
        else if (visit.response.status == 503) {
            char seconds[16];
            storm->refused++;
            storm->without_hint +=
                !response_header(&visit.response, "Retry-After", seconds, sizeof seconds);
        } else
            storm->other++;
    }
    visit_end(&visit);
}

static void run_storm(struct storm *storm, const struct service *service, size_t clients)
{
    *storm = (struct storm){.service = service, .gate = gate_make(clients)};
    CU_ASSERT_PTR_NOT_NULL_FATAL(storm->gate);
    crew_run(clients, storm_client, storm);
    gate_free(&storm->gate);
}

/* The event loop of the HTTP library takes up to 128 events at a time: counts around multiples. */
static void every_count(const char *strategy)
{
    static const size_t counts[] = {1, 127, 128, 129, 256, 384, 512};
    struct service *service = service_shared(strategy);
    struct visit visit;
    CU_ASSERT_PTR_NOT_NULL_FATAL(service);
    visit_begin(&visit, service);
    CU_ASSERT(visit_fund(&visit, "stormed", 0));
    int64_t wanted;
    CU_ASSERT_EQUAL_FATAL(api_balance(&visit.api, "stormed", &wanted), CLIENT_ANSWERED);
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        struct storm storm;
        int64_t from = co_clock_now_ns(), balance = 0;
        run_storm(&storm, service, counts[i]);
        CU_ASSERT_EQUAL(storm.done, counts[i] * REQUESTS);
        CU_ASSERT(co_clock_now_ns() - from < BUDGET_SECONDS * CO_CLOCK_S);
        wanted += (int64_t)storm.done;
        CU_ASSERT_EQUAL(api_balance(&visit.api, "stormed", &balance), CLIENT_ANSWERED);
        CU_ASSERT_EQUAL(balance, wanted);
    }
    visit_end(&visit);
}
BOTH_STRATEGIES(every_count)

/* The balance once there is room to ask for it: a place in the pool is free again shortly after the
 * answer has left, not before. */
static int64_t balance_when_there_is_room(struct visit *visit)
{
    int64_t balance = -1, until = co_clock_now_ns() + BUDGET_SECONDS * CO_CLOCK_S;
    enum client_status outcome;
    while ((outcome = api_balance(&visit->api, "stormed", &balance)) == CLIENT_UNAVAILABLE &&
           co_clock_now_ns() < until)
        co_sleep(10 * CO_CLOCK_MS);
    CU_ASSERT_EQUAL(outcome, CLIENT_ANSWERED);
    return balance;
}

/* More requests than the pool holds: the rest is told so, and when to come again, and has no
 * effect at all. */
static void full_pool(const char *strategy)
{
    enum { CLIENTS = 200 };
    struct service service;
    struct storm storm;
    struct visit visit;
    CU_ASSERT_FATAL(
        service_make(&service, strategy, (const char *const[]){"--max-requests", "4", NULL}));
    visit_begin(&visit, &service);
    CU_ASSERT(visit_fund(&visit, "stormed", 0));
    run_storm(&storm, &service, CLIENTS);
    CU_ASSERT_EQUAL(storm.other, 0);
    CU_ASSERT_EQUAL(storm.without_hint, 0);
    CU_ASSERT(storm.done > 0 && storm.refused > 0);
    CU_ASSERT_EQUAL(storm.done + storm.refused, CLIENTS * REQUESTS);
    CU_ASSERT_EQUAL(balance_when_there_is_room(&visit), (int64_t)storm.done);
    visit_end(&visit);
    CU_ASSERT_EQUAL(service_stop(&service), 0);
    service_remove(&service);
}
BOTH_STRATEGIES(full_pool)

enum { GUESTS = 64, VISITS = 5 };

/* Connects, asks once, and leaves, several times. */
static void guest(size_t index, void *arg)
{
    struct storm *storm = arg;
    struct visit visit;
    (void)index;
    for (int i = 0; i < VISITS && storm->other == 0; i++) {
        visit_begin(&visit, storm->service);
        visit_get(&visit, "/journal");
        *(visit.response.status == 200 ? &storm->done : &storm->other) += 1;
        visit_end(&visit);
    }
}

/* More connections than may be open: the others wait until some close, and all are served. */
static void full_house(void)
{
    struct service service;
    struct storm storm = {.service = &service};
    CU_ASSERT_FATAL(
        service_make(&service, "owner", (const char *const[]){"--max-connections", "16", NULL}));
    crew_run(GUESTS, guest, &storm);
    CU_ASSERT_EQUAL(storm.done, GUESTS * VISITS);
    service_remove(&service);
}

const struct unit_suite connections_suite = {"connections", 2,
    (const struct unit_test[]){
        BOTH_ROWS(every_count), BOTH_ROWS(full_pool), {"full_house", full_house}, {0}}};
