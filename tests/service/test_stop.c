/* SPDX-License-Identifier: MIT */
/* How a service ends: it says so first, answers what it has accepted, and ends within its limit. */
#include "tests/service/suites.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/waitgroup.h"
#include "tests/service/sse.h"
#include "tests/service/visit.h"

static void make(struct service *service, const char *flag, const char *value)
{
    const char *const arguments[] = {flag, value, NULL};
    struct visit visit;
    CU_ASSERT_FATAL(service_make(service, "owner", arguments));
    visit_begin(&visit, service);
    CU_ASSERT_FATAL(visit_fund(&visit, "alice", 100));
    visit_end(&visit);
}

/* For the time of the delay only /readyz says that it is going to stop. */
static void it_says_so_first(void)
{
    static struct service service;
    static struct sse sse;
    static struct sse_event event;
    struct visit visit;
    make(&service, "--stop-delay", "4000");
    CU_ASSERT_FATAL(sse_open(&sse, &service, -1, -1));
    CU_ASSERT(sse_next(&sse, &event));
    CU_ASSERT_EQUAL(kill(service.pid, SIGTERM), 0);
    for (int i = 0; i < 200 && service_probe(&service, "/readyz") == 200; i++)
        co_sleep(5 * CO_CLOCK_MS);
    CU_ASSERT_EQUAL(service_probe(&service, "/readyz"), 503);
    CU_ASSERT_EQUAL(service_probe(&service, "/livez"), 200);
    visit_begin(&visit, &service);
    visit_post(&visit, "/accounts/alice/deposit", "late", "{\"amount\":1}");
    EXPECT_STATUS(&visit, 201);
    visit_end(&visit);
    int64_t seen = 0;
    while (sse_next(&sse, &event))
        seen = event.id > 0 ? event.id : seen;
    CU_ASSERT(sse.ended);
    CU_ASSERT(seen > 0);
    sse_close(&sse);
    CU_ASSERT_EQUAL(service_await_end(&service, 60 * CO_CLOCK_S), 0);
    CU_ASSERT_EQUAL(service_probe(&service, "/livez"), 0);
    service_remove(&service);
}

static const struct request deposit = {.path = "/v1/ledgers/main/accounts/alice/deposit",
    .key = "on-its-way",
    .body = "{\"amount\":7}",
    .body_length = 12};

/* What was accepted before the signal is answered after it. */
static void what_is_accepted_is_answered(void)
{
    static struct service service;
    struct response response = {0};
    make(&service, "--stop-delay", "0");
    struct client *client = client_make(&service.target, 60 * CO_CLOCK_S);
    co_ensure(client);
    service_signal_postgres(&service, SIGSTOP);
    CU_ASSERT_EQUAL(client_send(client, &deposit), CLIENT_ANSWERED);
    co_sleep(200 * CO_CLOCK_MS);
    CU_ASSERT_EQUAL(kill(service.pid, SIGTERM), 0);
    co_sleep(500 * CO_CLOCK_MS);
    service_signal_postgres(&service, SIGCONT);
    CU_ASSERT_EQUAL(client_receive(client, &response), CLIENT_ANSWERED);
    CU_ASSERT_EQUAL(response.status, 201);
    client_free(&client);
    CU_ASSERT_EQUAL(service_await_end(&service, 60 * CO_CLOCK_S), 0);
    service_remove(&service);
}

enum { COMERS = 64, BEFORE_STOP_MS = 200 };

struct comers {
    struct service service;
    _Atomic int answered, cut;
    struct co_waitgroup running;
};

/* Each time over a connection of its own, until there is none to be had. */
static void come_and_go(void *arg)
{
    struct comers *comers = arg;
    enum client_status got = CLIENT_ANSWERED;
    while (got != CLIENT_NO_CONNECTION) {
        struct response response = {0};
        struct client *client = client_make(&comers->service.target, 60 * CO_CLOCK_S);
        co_ensure(client);
        got = client_call(client, &(struct request){.path = "/livez"}, &response);
        atomic_fetch_add(&comers->answered, got == CLIENT_ANSWERED);
        atomic_fetch_add(&comers->cut, got != CLIENT_ANSWERED && got != CLIENT_NO_CONNECTION);
        client_free(&client);
    }
    co_waitgroup_done(&comers->running);
}

/* Who could connect is answered, also who waited to be accepted when the port was closed. */
static void who_connects_is_answered(void)
{
    static struct comers comers;
    make(&comers.service, "--stop-delay", "0");
    co_waitgroup_add(&comers.running, COMERS);
    for (int i = 0; i < COMERS; i++)
        co_ensure(co_spawn(come_and_go, &comers));
    co_sleep(BEFORE_STOP_MS * CO_CLOCK_MS);
    CU_ASSERT_EQUAL(service_stop(&comers.service), 0);
    co_waitgroup_wait(&comers.running);
    CU_ASSERT(comers.answered > 0);
    CU_ASSERT_EQUAL(comers.cut, 0);
    printf("[%d answered, %d cut] ", comers.answered, comers.cut);
    service_remove(&comers.service);
}

/* It ends with a status of its own; what was on its way is there once, or not at all. */
static void a_frozen_database_does_not_keep_it(void)
{
    static struct service service;
    struct visit visit;
    make(&service, "--stop-timeout", "2");
    struct client *client = client_make(&service.target, 60 * CO_CLOCK_S);
    co_ensure(client);
    service_signal_postgres(&service, SIGSTOP);
    CU_ASSERT_EQUAL(client_send(client, &deposit), CLIENT_ANSWERED);
    co_sleep(200 * CO_CLOCK_MS);
    CU_ASSERT_EQUAL(kill(service.pid, SIGTERM), 0);
    CU_ASSERT_EQUAL(service_await_end(&service, 30 * CO_CLOCK_S), 3);
    client_free(&client);
    service_signal_postgres(&service, SIGCONT);
    CU_ASSERT_FATAL(service_run(&service));
    visit_begin(&visit, &service);
    visit_call(&visit, &deposit);
    EXPECT_STATUS(&visit, 201);
    CU_ASSERT(visit_balance_is(&visit, "alice", 107));
    visit_end(&visit);
    CU_ASSERT_EQUAL(service_stop(&service), 0);
    service_remove(&service);
}

static const struct unit_test tests[] = {{"it_says_so_first", it_says_so_first},
    {"what_is_accepted_is_answered", what_is_accepted_is_answered},
    {"who_connects_is_answered", who_connects_is_answered},
    {"a_frozen_database_does_not_keep_it", a_frozen_database_does_not_keep_it}, {0}};
const struct unit_suite stop_suite = {"stop", 2, tests};
