/* SPDX-License-Identifier: MIT */
/* Two programs on one database: the second stands by, takes over from the first when that one
 * hangs, and the first, when it wakes, says nothing that is not true any more. */
#include "tests/service/suites.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/waitgroup.h"
#include "tests/service/checker.h"
#include "tests/service/visit.h"
#include "tests/service/workload.h"

enum { CLIENTS = 16, SHOWN = 10, PROGRESS = 300, FIRST_PORT = 19300 };

/* The second one comes up beside the test, whenever that is. */
struct standby {
    struct service service;
    struct waitgroup running;
    _Atomic bool up, over;
    _Atomic int64_t up_ns;
};

static void standby_main(void *arg)
{
    struct standby *standby = arg;
    standby->up = service_run(&standby->service);
    standby->up_ns = clock_now_ns();
    standby->over = true;
    waitgroup_done(&standby->running);
}

static void prepare(struct service *service, const char *strategy, int port, const char *url)
{
    *service = (struct service){
        .strategy = strategy, .port = port, .arguments = {"--database", url, NULL}};
    snprintf(service->folder, sizeof service->folder, "/tmp/teller-test-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(service->folder));
}

/* What was suspended is woken: no answer of it may be a success, and it ends by itself. */
static void wake(struct service *first)
{
    int successes = 0, code = -1;
    int64_t until = clock_now_ns() + 10 * CLOCK_S;
    kill(first->pid, SIGCONT);
    while (code == -1 && clock_now_ns() < until) {
        struct visit visit;
        visit_begin(&visit, first);
        visit_get(&visit, "/accounts/crash-00");
        successes += visit.response.status == 200;
        visit_post(&visit, "/accounts/crash-00/deposit", "after-the-end", "{\"amount\":1}");
        successes += visit.response.status == 201;
        visit_end(&visit);
        code = service_await_end(first, 5 * CLOCK_MS);
    }
    CU_ASSERT_EQUAL(successes, 0);
    CU_ASSERT(code > 0 && code < 128);
}

/* All that was acknowledged by the first is with the second, and its journal is sound. */
static void verify(struct service *second, struct workload *workload)
{
    struct checker_figures figures = {0};
    struct visit visit;
    workload->service = second;
    visit_begin(&visit, second);
    CU_ASSERT_EQUAL(checker_run(&visit.api, workload->histories, CLIENTS, SHOWN, &figures), 0);
    CU_ASSERT(figures.done > 0);
    CU_ASSERT(visit_fund(&visit, "with-the-second", 7));
    visit_get(&visit, "/transfers/by-key/after-the-end");
    CU_ASSERT(visit.response.status != 200);
    visit_end(&visit);
    printf("[%zu done, %zu unknown: %zu had happened] ", figures.done, figures.unknown,
        figures.unknown_done);
}

static void taken_over(const char *strategy)
{
    struct service host; /* lends its PostgreSQL: the two use a database that it does not */
    struct service first;
    struct standby second = {0};
    struct workload workload;
    char url[300];
    CU_ASSERT_FATAL(service_make(&host, strategy, NULL));
    snprintf(url, sizeof url, "host=%s/postgres user=postgres dbname=template1", host.folder);
    prepare(&first, strategy, FIRST_PORT, url);
    prepare(&second.service, strategy, FIRST_PORT + 1, url);
    CU_ASSERT_FATAL(service_run(&first));
    CU_ASSERT_FATAL(workload_start(&workload, &first, CLIENTS, unit_seed()));
    waitgroup_add(&second.running, 1);
    ensure(co_spawn(standby_main, &second));
    CU_ASSERT(workload_await(&workload, PROGRESS, 30 * CLOCK_S));
    co_sleep(CLOCK_S);
    CU_ASSERT_FALSE(second.over); /* who is served well is not taken over */

    int64_t hung_ns = clock_now_ns();
    kill(first.pid, SIGSTOP);
    workload.stop = true;
    waitgroup_wait(&second.running);
    CU_ASSERT(second.up);
    int64_t took_ms = (second.up_ns - hung_ns) / CLOCK_MS;
    CU_ASSERT(took_ms >= 9000 && took_ms < 20000);
    printf("[after %lld ms] ", (long long)took_ms);
    wake(&first);
    workload_stop(&workload);
    CU_ASSERT_FALSE(workload.failed);
    /* The database has tokens: the second made none of its own. */
    memcpy(second.service.target.token, first.target.token, sizeof first.target.token);
    if (second.up)
        verify(&second.service, &workload);
    workload_free(&workload);
    service_remove(&first);
    service_remove(&second.service);
    service_remove(&host);
}
BOTH_STRATEGIES(taken_over)

const struct unit_suite takeover_suite = {
    "takeover", 2, (const struct unit_test[]){BOTH_ROWS(taken_over), {0}}};
