/* SPDX-License-Identifier: MIT */
/* Audits: what the one in the background says, and whole ones. Someone alters the journal behind
 * the running program's back: it notices, stops writing there, says so, and goes on reading. */
#include "tests/service/suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/blocking.h"
#include "coro/clock.h"
#include "coro/co.h"
#include "tests/service/command.h"
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
        "psql -qX -o /dev/null -v ON_ERROR_STOP=1 -h %s/postgres -U postgres -c \"%s\"",
        s->service->folder, s->sql);
    s->code = system(command);
}

static bool alter(const struct service *service, const char *sql)
{
    struct statement statement = {service, sql, -1};
    co_blocking_call(run_psql, &statement);
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

static bool has_findings(const struct visit *visit)
{
    struct json_view first;
    struct json_view_walk walk = {.rest = json_view_member(visit->body, "findings")};
    return json_view_next(&walk, &first);
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
        co_sleep(10 * CO_CLOCK_MS);
    CU_ASSERT_EQUAL(visit_figure(&visit, checked), 4);
    CU_ASSERT_EQUAL(service_probe(&service, "/readyz"), 200);

    CU_ASSERT_FATAL(alter(&service, "UPDATE teller.entry SET amount = 6 WHERE seq = 3 AND ledger ="
                                    " (SELECT no FROM teller.ledger WHERE name = 'second')"));
    int64_t altered_ns = co_clock_now_ns();
    while (service_probe(&service, "/readyz") == 200 &&
           co_clock_now_ns() - altered_ns < 5 * CO_CLOCK_S)
        co_sleep(5 * CO_CLOCK_MS);
    printf("[found after %lld ms] ", (long long)((co_clock_now_ns() - altered_ns) / CO_CLOCK_MS));
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
    CU_ASSERT(visit_is(&visit, "ok", "false") && visit_is(&visit, "wrong_seq", "3"));
    CU_ASSERT(has_findings(&visit) && !visit_is(&visit, "found", "0"));
    CU_ASSERT(!visit_audit(&visit, "second"));
    CU_ASSERT(visit_is(&visit, "state", "\"done\"") && visit_is(&visit, "ok", "false"));
    CU_ASSERT(has_findings(&visit) && !visit_is(&visit, "found", "0"));
    CU_ASSERT(visit_audit(&visit, "main"));
    CU_ASSERT(visit_fund(&visit, "b", 1)); /* the other ledger knows nothing of it */
    visit_end(&visit);
    service_remove(&service);
}
BOTH_STRATEGIES(stops_writing)

/* ---- whole audits --------------------------------------------------------------------------- */

static int64_t member(const struct visit *visit, const char *name)
{
    int64_t number = -1;
    (void)json_view_integer(json_view_member(visit->body, name), &number);
    return number;
}

static void whole_to_its_end(const char *strategy)
{
    struct visit visit;
    visit_begin_shared(&visit, strategy);
    CU_ASSERT(visit_fund(&visit, "audited", 5));
    int64_t seq = visit.response.seq;
    CU_ASSERT(visit_audit(&visit, "main"));
    CU_ASSERT(visit_is(&visit, "found", "0") && !has_findings(&visit));
    CU_ASSERT(visit_is(&visit, "reason", "null"));
    CU_ASSERT(member(&visit, "checked_seq") >= seq);
    CU_ASSERT_EQUAL(member(&visit, "seq"), member(&visit, "checked_seq"));
    CU_ASSERT(!visit_is(&visit, "ended_at", "null") && !visit_is(&visit, "figures", "null"));
    visit_get(&visit, "/audits/1");
    EXPECT_PROBLEM(&visit, 404, "audit_not_found");
    visit_post(&visit, "/audits", NULL, "{\"ledger\":\"main\"}");
    EXPECT_PROBLEM(&visit, 400, "invalid_request");
    visit_end(&visit);
}
BOTH_STRATEGIES(whole_to_its_end)

/* The head of the chain covers what is durable, and is another one after each batch. */
static void tells_the_chain(const char *strategy)
{
    char before[80] = "", after[80] = "";
    struct visit visit;
    visit_begin_shared(&visit, strategy);
    for (int i = 0; i < 2; i++) {
        CU_ASSERT(visit_fund(&visit, i ? "chained" : "unchained", 5));
        int64_t seq = visit.response.seq, covered = 0;
        visit_get(&visit, "/audit");
        EXPECT_STATUS(&visit, 200);
        struct json_view chain = json_view_member(visit.body, "chain");
        CU_ASSERT(json_view_integer(json_view_member(chain, "seq"), &covered) && covered >= seq);
        CU_ASSERT(json_view_copy(
            json_view_member(chain, "hash"), i ? after : before, i ? sizeof after : sizeof before));
    }
    CU_ASSERT_EQUAL(strlen(before), 64);
    CU_ASSERT_EQUAL(strlen(after), 64);
    CU_ASSERT(strcmp(before, after) != 0);
    visit_end(&visit);
}
BOTH_STRATEGIES(tells_the_chain)

/* The last sixteen are remembered. */
static void whole_ones_are_forgotten(void)
{
    enum { KEPT = 16 };
    struct visit visit;
    char paths[KEPT + 1][80], id[40];
    visit_begin_shared(&visit, "owner");
    for (int i = 0; i <= KEPT; i++) {
        CU_ASSERT(visit_audit(&visit, "main"));
        CU_ASSERT(json_view_copy(json_view_member(visit.body, "id"), id, sizeof id));
        snprintf(paths[i], sizeof paths[i], "/audits/%s", id);
    }
    visit_get(&visit, paths[0]);
    EXPECT_PROBLEM(&visit, 404, "audit_not_found");
    for (int i = 1; i <= KEPT; i++) {
        visit_get(&visit, paths[i]);
        EXPECT_STATUS(&visit, 200);
    }
    snprintf(id, sizeof id, "%s", strrchr(paths[KEPT], '/') + 1);
    snprintf(paths[0], sizeof paths[0], "/v1/ledgers/none/audits/%s", id);
    visit_get(&visit, paths[0]);
    EXPECT_PROBLEM(&visit, 404, "ledger_not_found");
    visit_end(&visit);
}

static int64_t count_connections(const struct service *service)
{
    char host[160];
    struct command command = {0};
    snprintf(host, sizeof host, "%s/postgres", service->folder);
    command_run(
        &command, (const char *const[]){"psql", "-AtqX", "-h", host, "-U", "postgres", "-c",
                      "SELECT count(*) FROM pg_stat_activity WHERE client_port IS NOT NULL", NULL});
    EXPECT_EXIT(&command, 0);
    int64_t count = command.exit_code == 0 ? strtoll(command.out, NULL, 10) : -1;
    command_free(&command);
    return count;
}

/* While one runs: another is refused, whichever ledger it is of, and reads of its state are
 * answered. */
static void expect_one_runs(struct visit *visit, const char *location)
{
    for (int i = 0; i < 2; i++) {
        visit_post(visit, i ? "/v1/ledgers/second/audits" : "/audits", NULL, NULL);
        EXPECT_PROBLEM(visit, 409, "audit_running");
        CU_ASSERT(visit_header_is(visit, "Location", location));
    }
    visit_get(visit, location);
    EXPECT_STATUS(visit, 200);
    CU_ASSERT(visit_is(visit, "state", "\"running\"") && visit_is(visit, "ended_at", "null"));
    CU_ASSERT(visit_is(visit, "ok", "null") && visit_is(visit, "figures", "null"));
}

static void many_ask_at_once(const struct service *service)
{
    enum { ASKERS = 120 };
    static const struct request ask = {.path = "/v1/ledgers/main/audit"};
    struct client *clients[ASKERS];
    int answered = 0;
    int64_t before = count_connections(service);
    for (int i = 0; i < ASKERS; i++) {
        clients[i] = client_make(&service->target, 60 * CO_CLOCK_S);
        co_ensure(clients[i] && client_send(clients[i], &ask) == CLIENT_ANSWERED);
    }
    CU_ASSERT(before > 0 && count_connections(service) < before + 5); /* the pool of readers */
    for (int i = 0; i < ASKERS; i++) {
        struct response response = {0};
        answered +=
            client_receive(clients[i], &response) == CLIENT_ANSWERED && response.status == 200;
        client_free(&clients[i]);
    }
    CU_ASSERT_EQUAL(answered, ASKERS);
}

/* One that does not end by itself keeps neither others nor the stop. */
static void whole_one_at_a_time(const char *strategy)
{
    struct service service;
    struct visit visit;
    char location[200] = "";
    setenv("TELLER_FAILPOINTS", "audit.stretch=error", 1);
    bool made = service_make(&service, strategy, NULL);
    unsetenv("TELLER_FAILPOINTS");
    CU_ASSERT_FATAL(made);
    visit_begin(&visit, &service);
    prepare(&visit);
    int64_t before = count_connections(&service);
    visit_post(&visit, "/audits", NULL, NULL);
    EXPECT_STATUS(&visit, 202);
    CU_ASSERT(visit_is(&visit, "state", "\"running\"") && !visit_is(&visit, "seq", "0"));
    CU_ASSERT(response_header(&visit.response, "Location", location, sizeof location));
    for (int i = 0; i < 1000 && member(&visit, "checked_seq") < 1; i++) {
        co_sleep(10 * CO_CLOCK_MS);
        visit_get(&visit, location);
    }
    CU_ASSERT(member(&visit, "checked_seq") > 0);
    CU_ASSERT(count_connections(&service) < before + 5);
    expect_one_runs(&visit, location);
    many_ask_at_once(&service);
    CU_ASSERT(visit_fund(&visit, "c", 1));
    visit_end(&visit);
    CU_ASSERT_EQUAL(service_stop(&service), 0);
    service_remove(&service);
}
BOTH_STRATEGIES(whole_one_at_a_time)

/* Its session is ended by somebody else: it says so. */
static void whole_one_says_why_it_failed(void)
{
    struct service service;
    struct visit visit;
    char location[200] = "", reason[200] = "";
    setenv("TELLER_FAILPOINTS", "audit.stretch=pause:3000", 1);
    bool made = service_make(&service, "owner", NULL);
    unsetenv("TELLER_FAILPOINTS");
    CU_ASSERT_FATAL(made);
    visit_begin(&visit, &service);
    prepare(&visit);
    visit_post(&visit, "/audits", NULL, NULL);
    EXPECT_STATUS(&visit, 202);
    CU_ASSERT(visit_is(&visit, "reason", "null"));
    CU_ASSERT(response_header(&visit.response, "Location", location, sizeof location));
    for (int i = 0; i < 1000 && visit_is(&visit, "state", "\"running\""); i++) {
        CU_ASSERT(alter(&service, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                                  " WHERE state = 'idle in transaction'"));
        co_sleep(10 * CO_CLOCK_MS);
        visit_get(&visit, location);
    }
    EXPECT_STATUS(&visit, 200);
    CU_ASSERT(visit_is(&visit, "state", "\"failed\"") && visit_is(&visit, "ok", "null"));
    CU_ASSERT(json_view_copy(json_view_member(visit.body, "reason"), reason, sizeof reason));
    CU_ASSERT_PTR_NOT_NULL(strstr(reason, "terminat"));
    CU_ASSERT(!visit_is(&visit, "ended_at", "null"));
    visit_end(&visit);
    service_remove(&service);
}

static const struct unit_test tests[] = {BOTH_ROWS(stops_writing), BOTH_ROWS(whole_to_its_end),
    BOTH_ROWS(tells_the_chain), {"whole_ones_are_forgotten", whole_ones_are_forgotten},
    BOTH_ROWS(whole_one_at_a_time), {"whole_one_says_why_it_failed", whole_one_says_why_it_failed},
    {0}};
const struct unit_suite audits_suite = {"audits", 2, tests};
