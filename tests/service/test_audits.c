/* SPDX-License-Identifier: MIT */
/* Somebody alters the journal behind the running program's back: it notices, stops writing there,
 * says so, and goes on reading. */
#include "tests/service/suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/blocking.h"
#include "coro/clock.h"
#include "coro/co.h"
#include "tests/service/visit.h"

struct statement {
    const struct service *service;
    const char *sql;
    int code;
};

static void run_psql(void *arg)
{
    struct statement *s = arg;
    char command[600];
    snprintf(command, sizeof command,
        "psql -qX -v ON_ERROR_STOP=1 -h %s/postgres -U postgres -c \"%s\"", s->service->folder,
        s->sql);
    s->code = system(command);
}

static bool alter(const struct service *service, const char *sql)
{
    struct statement statement = {service, sql, -1};
    blocking_call(run_psql, &statement);
    return statement.code == 0;
}

/* A ledger beside main: seq 1 the world's account, 2 a, 3 5 cents in, 4 2 cents in. */
static void prepare(struct visit *visit)
{
    visit_post(visit, "/v1/ledgers", NULL, "{\"name\":\"second\"}");
    EXPECT_STATUS(visit, 201);
    visit_post(visit, "/v1/ledgers/second/accounts", NULL, "{\"id\":\"a\",\"asset\":\"USD/2\"}");
    EXPECT_STATUS(visit, 201);
    visit_post(visit, "/v1/ledgers/second/accounts/a/deposit", NULL, "{\"amount\":5}");
    EXPECT_STATUS(visit, 201);
    visit_post(visit, "/v1/ledgers/second/accounts/a/deposit", NULL, "{\"amount\":2}");
    EXPECT_STATUS(visit, 201);
    CU_ASSERT(visit_fund(visit, "b", 1));
}

static void expect_stopped(struct visit *visit)
{
    visit_get(visit, "/readyz");
    EXPECT_STATUS(visit, 503);
    CU_ASSERT(visit_is(visit, "ready", "false") && visit_is(visit, "state", "\"stopped\""));
    CU_ASSERT(visit_is(visit, "ledger", "\"second\"") && visit_is(visit, "wrong_seq", "3"));
    CU_ASSERT(visit_is(visit, "reason",
        "\"the audit found the journal wrong: writes have stopped, reads go on\""));
    CU_ASSERT(visit_figure(visit, "teller_audit_mismatches_total{ledger=\"second\"}") > 0);
    CU_ASSERT(visit_figure(visit, "teller_audit_mismatches_total{ledger=\"main\"}") == 0);
    CU_ASSERT(visit_figure(visit, "teller_ready{ledger=\"second\"}") == 0);
    CU_ASSERT(visit_figure(visit, "teller_ready{ledger=\"main\"}") == 1);
}

static void stops_writing(const char *strategy)
{
    struct service service;
    struct visit visit;
    setenv("TELLER_FAILPOINTS", "audit.soon=error", 1);
    bool made = service_make(&service, strategy, NULL);
    unsetenv("TELLER_FAILPOINTS");
    CU_ASSERT_FATAL(made);
    visit_begin(&visit, &service);
    prepare(&visit);
    static const char checked[] = "teller_audit_checked_seq{ledger=\"second\"}";
    for (int i = 0; i < 500 && visit_figure(&visit, checked) < 4; i++)
        co_sleep(10 * CLOCK_MS);
    CU_ASSERT_EQUAL(visit_figure(&visit, checked), 4);
    CU_ASSERT_EQUAL(service_probe(&service, "/readyz"), 200);

    CU_ASSERT_FATAL(alter(&service, "UPDATE teller.entry SET amount = 6 WHERE seq = 3 AND ledger ="
                                    " (SELECT no FROM teller.ledger WHERE name = 'second')"));
    int64_t altered_ns = clock_now_ns();
    while (service_probe(&service, "/readyz") == 200 && clock_now_ns() - altered_ns < 5 * CLOCK_S)
        co_sleep(5 * CLOCK_MS);
    printf("[found after %lld ms] ", (long long)((clock_now_ns() - altered_ns) / CLOCK_MS));
    expect_stopped(&visit);

    visit_post(&visit, "/v1/ledgers/second/accounts/a/deposit", NULL, "{\"amount\":1}");
    EXPECT_PROBLEM(&visit, 503, "unavailable");
    CU_ASSERT(visit_is(&visit, "detail",
        "\"Writes to this ledger have stopped, reads go on; /readyz says why.\""));
    visit_get(&visit, "/v1/ledgers/second/accounts/a");
    EXPECT_STATUS(&visit, 200);
    CU_ASSERT(visit_is(&visit, "balance", "\"7\""));
    visit_get(&visit, "/v1/ledgers/second/audit");
    EXPECT_STATUS(&visit, 200);
    CU_ASSERT(visit_fund(&visit, "b", 1)); /* the other ledger knows nothing of it */
    visit_end(&visit);
    service_remove(&service);
}
BOTH_STRATEGIES(stops_writing)

static const struct unit_test tests[] = {BOTH_ROWS(stops_writing), {0}};
const struct unit_suite audits_suite = {"audits", 2, tests};
