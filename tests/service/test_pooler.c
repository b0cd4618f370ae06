/* SPDX-License-Identifier: MIT */
/* The service reaches its database through a pgbouncer in transaction mode, which goes away for a
 * while: what was acknowledged is there, once. */
#include "tests/service/suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "coro/blocking.h"
#include "coro/clock.h"
#include "coro/co.h"
#include "tests/service/checker.h"
#include "tests/service/command.h"
#include "tests/service/visit.h"
#include "tests/service/workload.h"

enum { CLIENTS = 16, SHOWN = 10, PROGRESS = 300, TEXT = 400 };

static void run_command(void *arg)
{
    CU_ASSERT_EQUAL(system(arg), 0);
}

static void pooler(const char *what, const char *folder, const struct service *host)
{
    char text[TEXT];
    snprintf(
        text, sizeof text, "tests/pooler %s %s %s/postgres postgres", what, folder, host->folder);
    co_blocking_call(run_command, text);
}

static void verify(struct service *service, struct workload *workload, const char *url)
{
    struct checker_figures figures = {0};
    struct visit visit;
    struct command audit = {0};
    CU_ASSERT(workload_settle(workload, 30 * CO_CLOCK_S));
    visit_begin(&visit, service);
    CU_ASSERT_EQUAL(checker_run(&visit.api, workload->histories, CLIENTS, SHOWN, &figures), 0);
    visit_end(&visit);
    CU_ASSERT(figures.done > 0);
    command_teller(&audit, service, (const char *const[]){"audit", "--database", url, NULL});
    EXPECT_EXIT(&audit, 0);
    command_free(&audit);
    printf("[%zu done] ", figures.done);
}

static void serves_through_it(const char *strategy)
{
    static struct service host; /* lends its PostgreSQL: the service uses a database it does not */
    static struct service service;
    struct workload workload;
    char url[TEXT], folder[] = "/tmp/teller-pooler-XXXXXX";
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
    CU_ASSERT_EQUAL_FATAL(chmod(folder, 0755), 0);
    CU_ASSERT_FATAL(service_make(&host, strategy, NULL));
    CU_ASSERT_EQUAL_FATAL(chmod(host.folder, 0755), 0); /* the pooler is another user */
    pooler("start", folder, &host);
    snprintf(url, sizeof url, "host=%s user=postgres dbname=template1", folder);
    CU_ASSERT_FATAL(
        service_make(&service, strategy, (const char *const[]){"--database", url, NULL}));
    CU_ASSERT_FATAL(workload_start(&workload, &service, CLIENTS, unit_seed()));
    CU_ASSERT(workload_await(&workload, PROGRESS, 30 * CO_CLOCK_S));
    pooler("end", folder, &host);
    co_sleep(2 * CO_CLOCK_S);
    pooler("start", folder, &host);
    CU_ASSERT(workload_await(&workload, PROGRESS, 60 * CO_CLOCK_S));
    workload_stop(&workload);
    CU_ASSERT_FALSE(workload.failed);
    verify(&service, &workload, url);
    workload_free(&workload);
    CU_ASSERT_EQUAL(service_stop(&service), 0);
    service_remove(&service);
    pooler("end", folder, &host);
    service_remove(&host);
}
BOTH_STRATEGIES(serves_through_it)

const struct unit_suite pooler_suite = {
    "pooler", 2, (const struct unit_test[]){BOTH_ROWS(serves_through_it), {0}}};
