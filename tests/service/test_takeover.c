/* SPDX-License-Identifier: MIT */
/* Two programs on one database: the second stands by, takes over from the first when that one
 * hangs, and the first, when it wakes, says nothing of its own any more, but passes on what it is
 * asked, and stands by. */
#include "tests/service/suites.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "tests/service/checker.h"
#include "tests/service/command.h"
#include "tests/service/standby.h"
#include "tests/service/visit.h"
#include "tests/service/workload.h"

enum { LEASE_MS = 1500 }; /* how long memory may be told after the database confirmed it */
enum { CLIENTS = 16, CALLERS = 32, SHOWN = 10, PROGRESS = 300 };

/* Connections that were open before it hung: they are read from as soon as it wakes. */
struct callers {
    struct client *clients[CALLERS];
};

static void callers_make(struct callers *callers, const struct service *first)
{
    struct response response;
    struct visit visit;
    visit_begin(&visit, first);
    CU_ASSERT(visit_fund(&visit, "woken", 0));
    visit_end(&visit);
    for (int i = 0; i < CALLERS; i++) {
        callers->clients[i] = client_make(&first->target, 10 * CO_CLOCK_S);
        co_ensure(callers->clients[i]);
        CU_ASSERT_EQUAL(
            client_call(callers->clients[i], &(struct request){.path = "/livez"}, &response),
            CLIENT_ANSWERED);
    }
}

/* Every second one reads, the others pay in. */
static void callers_ask(struct callers *callers)
{
    static const struct request read = {.path = "/v1/ledgers/main/accounts/crash-00"};
    static const struct request write = {.path = "/v1/ledgers/main/accounts/woken/deposit",
        .key = "after-the-end",
        .body = "{\"amount\":1}",
        .body_length = 12};
    for (int i = 0; i < CALLERS; i++)
        CU_ASSERT_EQUAL(client_send(callers->clients[i], i % 2 ? &read : &write), CLIENT_ANSWERED);
}

/* Has another server answered? */
static bool is_passed_on(const struct response *response)
{
    char owner[100];
    return response_header(response, "Teller-Owner", owner, sizeof owner);
}

/* How many got what they wanted of the first itself. */
static int callers_succeed(struct callers *callers)
{
    int successes = 0;
    for (int i = 0; i < CALLERS; i++) {
        struct response response;
        successes += client_receive(callers->clients[i], &response) == CLIENT_ANSWERED &&
                     response.status < 300 && !is_passed_on(&response);
        client_free(&callers->clients[i]);
    }
    return successes;
}

/* What was suspended is woken: no answer of its own may be a success. It lives, and says why it is
 * not ready. */
static void wake(struct service *first, struct callers *callers)
{
    int successes = 0;
    int64_t until = co_clock_now_ns() + 3 * CO_CLOCK_S;
    callers_ask(callers);
    kill(first->pid, SIGCONT);
    while (co_clock_now_ns() < until) {
        struct visit visit;
        visit_begin(&visit, first);
        visit_get(&visit, "/journal");
        successes += visit.response.status == 200 && !is_passed_on(&visit.response);
        visit_end(&visit);
        CU_ASSERT_EQUAL(service_probe(first, "/readyz"), 503);
        co_sleep(5 * CO_CLOCK_MS);
    }
    CU_ASSERT_EQUAL(successes, 0);
    CU_ASSERT_EQUAL(callers_succeed(callers), 0);
    CU_ASSERT_EQUAL(service_probe(first, "/livez"), 200);
}

/* Whoever declares a server dead ends its session, which may have locked the ledger's row, by the
 * name of its life: also of one that has been declared dead before, and has entered again. */
static bool writes_under_its_name(const char *url)
{
    struct command command = {.discard = false};
    command_run(&command, (const char *const[]){"psql", "-AtqX", "-d", url, "-c",
                              "SELECT count(*) FROM pg_stat_activity a JOIN teller.server s ON"
                              " a.application_name = 'teller ' || s.life || ' 0'"
                              " WHERE s.left_at IS NULL",
                              NULL});
    bool good = command.exit_code == 0 && command.length == 2 && command.out[0] == '1';
    if (!good)
        command_print(&command);
    command_free(&command);
    return good;
}

/* A server that is told to stop hands over immediately: to the one that has stood by since it was
 * woken. */
static void hand_over(struct service *first, struct service *second, const char *url)
{
    struct visit visit;
    CU_ASSERT_EQUAL(service_stop(second), 0);
    int64_t stopped_ns = co_clock_now_ns();
    CU_ASSERT(service_await_ready(first, 20 * CO_CLOCK_S));
    printf("[back after %lld ms] ", (long long)((co_clock_now_ns() - stopped_ns) / CO_CLOCK_MS));
    visit_begin(&visit, first);
    visit_get(&visit, "/accounts/with-the-second");
    CU_ASSERT(visit_is(&visit, "balance", "\"7\""));
    visit_post(&visit, "/accounts/with-the-second/deposit", "back", "{\"amount\":1}");
    EXPECT_STATUS(&visit, 201);
    visit_end(&visit);
    CU_ASSERT(writes_under_its_name(url));
}

/* All that was acknowledged by either is with the second, once, and nothing else; its journal is
 * sound. */
static void verify(struct service *second, struct workload *workload, char *url)
{
    struct checker_figures figures = {0};
    struct visit visit;
    workload->service = second;
    CU_ASSERT(workload_settle(workload, 30 * CO_CLOCK_S));
    visit_begin(&visit, second);
    CU_ASSERT_EQUAL(checker_run(&visit.api, workload->histories, CLIENTS, SHOWN, &figures), 0);
    CU_ASSERT(figures.done > 0);
    CU_ASSERT(visit_fund(&visit, "with-the-second", 0));
    visit_post(&visit, "/accounts/with-the-second/deposit", "with-it", "{\"amount\":7}");
    EXPECT_STATUS(&visit, 201);
    CU_ASSERT_EQUAL(visit_entries_of(&visit, "with-it"), 1);
    CU_ASSERT(visit_entries_of(&visit, "after-the-end") <= 1); /* it may have been passed on */
    visit_end(&visit);
    CU_ASSERT(command_audits(url));
    printf("[%zu done, %zu not executed] ", figures.done, figures.absent);
}

static void taken_over(const char *strategy)
{
    static struct service host; /* lends its PostgreSQL: the two use a database that it does not */
    static struct service first;
    static struct standby second;
    struct workload workload;
    static struct callers callers;
    char url[STANDBY_URL];
    CU_ASSERT_FATAL(standby_host(&host, strategy, url));
    standby_prepare(&first, strategy, url);
    CU_ASSERT_FATAL(service_run(&first));
    standby_make(&second, &first, url);
    CU_ASSERT_FATAL(
        workload_start_between(&workload, &first, &second.service.target, CLIENTS, unit_seed()));
    standby_start(&second);
    CU_ASSERT(workload_await(&workload, PROGRESS, 30 * CO_CLOCK_S));
    co_sleep(CO_CLOCK_S);
    CU_ASSERT_FALSE(second.over); /* a server that does well is not taken over */

    callers_make(&callers, &first);
    int64_t hung_ns = co_clock_now_ns();
    kill(first.pid, SIGSTOP);
    CU_ASSERT(standby_await(&second));
    int64_t took_ms = (second.up_ns - hung_ns) / CO_CLOCK_MS;
    CU_ASSERT(took_ms >= LEASE_MS && took_ms < 20000); /* not while the first may tell */
    CU_ASSERT(service_logged(&second.service, "info", "ledger main: another server has this"));
    CU_ASSERT(service_logged(&second.service, "info", "has not been heard from for"));
    printf("[after %lld ms] ", (long long)took_ms);
    CU_ASSERT(workload_await(&workload, PROGRESS, 30 * CO_CLOCK_S));
    wake(&first, &callers);
    CU_ASSERT(workload_await(&workload, PROGRESS, 30 * CO_CLOCK_S));
    workload_stop(&workload);
    CU_ASSERT_FALSE(workload.failed);
    if (second.up)
        verify(&second.service, &workload, url);
    CU_ASSERT(service_logged(&first, "error", "ledger main fenced: "));
    if (second.up)
        hand_over(&first, &second.service, url);
    workload_free(&workload);
    service_remove(&first);
    service_remove(&second.service);
    service_remove(&host);
}
BOTH_STRATEGIES(taken_over)

const struct unit_suite takeover_suite = {
    "takeover", 2, (const struct unit_test[]){BOTH_ROWS(taken_over), {0}}};
