/* SPDX-License-Identifier: MIT */
/* The database goes back in time under the running program, as when a standby that was behind is
 * promoted, or an older copy is put in its place: nothing is told from memory any more, the reason
 * is given, and the program ends until it is told that what is missing is lost. */
#include "tests/service/suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "tests/service/command.h"
#include "tests/service/visit.h"

enum { GONE = 4, PATIENCE_S = 60 }; /* GONE: the exit code that says so */

/* The last batch, which brought the last deposit, is gone. */
static void take_back(const struct service *service)
{
    static const char sql[] =
        "SELECT teller.checkpoint_forget(1);"
        "DELETE FROM teller.entry WHERE seq = (SELECT max(last_seq) FROM teller.batch);"
        "DELETE FROM teller.batch WHERE last_seq = (SELECT max(last_seq) FROM teller.batch)";
    struct command command = {0};
    char folder[200];
    snprintf(folder, sizeof folder, "%s/postgres", service->folder);
    command_run(&command, (const char *const[]){"psql", "-qX", "-1", "-v", "ON_ERROR_STOP=1", "-h",
                              folder, "-U", "postgres", "-c", sql, NULL});
    EXPECT_EXIT(&command, 0);
    command_free(&command);
}

/* What it tells until it ends: never the balance that is gone, once a beat could notice. */
static void look_until_the_end(struct service *service)
{
    enum { BEAT_MS = 2000 };
    struct visit visit;
    int64_t since_ns = co_clock_now_ns();
    visit_begin(&visit, service);
    do {
        int64_t asked_ns = co_clock_now_ns();
        visit_get(&visit, "/accounts/alice");
        CU_ASSERT(visit.response.status != 200 || asked_ns - since_ns < BEAT_MS * CO_CLOCK_MS);
        visit_get(&visit, "/readyz");
        if (visit.response.status == 503 && strstr(visit.response.body, "\"lost\""))
            CU_ASSERT(visit_is(&visit, "ready", "false"));
        co_sleep(5 * CO_CLOCK_MS);
    } while (
        visit.got == CLIENT_ANSWERED && co_clock_now_ns() - since_ns < PATIENCE_S * CO_CLOCK_S);
    visit_end(&visit);
    CU_ASSERT_EQUAL(service_await_end(service, PATIENCE_S * CO_CLOCK_S), GONE);
}

static void expect_said(const struct service *service, const char *text)
{
    struct command command = {0};
    char path[SERVICE_PROGRAM];
    snprintf(path, sizeof path, "%s/output.%d", service->folder, service->starts);
    command_run(&command, (const char *const[]){"/bin/cat", path, NULL});
    CU_ASSERT_PTR_NOT_NULL(strstr(command.out, text));
    if (!strstr(command.out, text))
        command_print(&command);
    command_free(&command);
}

static void under_the_running_program(const char *strategy)
{
    static const char missing[] = "the database is older than what was acknowledged: batches ";
    static struct service service;
    struct visit visit;
    CU_ASSERT_FATAL(service_make(&service, strategy, NULL));
    visit_begin(&visit, &service);
    CU_ASSERT(visit_fund(&visit, "alice", 100));
    visit_post(&visit, "/accounts/alice/deposit", "last", "{\"amount\":7}");
    EXPECT_STATUS(&visit, 201);
    visit_end(&visit);
    take_back(&service);
    look_until_the_end(&service);
    expect_said(&service, missing);

    service.quiet = true;
    CU_ASSERT_FALSE(service_run(&service)); /* nor does it start */
    CU_ASSERT_EQUAL(service.exit_code, GONE);
    expect_said(&service, missing);
    service.quiet = false;
    service.arguments[0] = "--accept-lost";
    CU_ASSERT_FATAL(service_run(&service));
    visit_begin(&visit, &service);
    CU_ASSERT(visit_balance_is(&visit, "alice", 100));
    visit_post(&visit, "/accounts/alice/deposit", "last", "{\"amount\":7}");
    EXPECT_STATUS(&visit, 201);
    CU_ASSERT(visit_balance_is(&visit, "alice", 107));
    visit_end(&visit);
    CU_ASSERT_EQUAL(service_stop(&service), 0);
    service_remove(&service);
}
BOTH_STRATEGIES(under_the_running_program)

const struct unit_suite lost_suite = {
    "lost", 2, (const struct unit_test[]){BOTH_ROWS(under_the_running_program), {0}}};
