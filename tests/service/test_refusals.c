/* SPDX-License-Identifier: MIT */
/* What openapi.json says of refusals that come of how the service is, and not of the request: while
 * nothing commits, where another server has the ledger, where no token is asked for. */
#include "tests/service/suites.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/waitgroup.h"
#include "tests/service/command.h"
#include "tests/service/joint.h"
#include "tests/service/operations.h"

#define IMPATIENT "Prefer: wait=1\r\n"
#define BETWEEN                                                                                    \
    "{\"from\":{\"ledger\":\"main\",\"account\":\"a\"},"                                           \
    "\"to\":{\"ledger\":\"second\",\"account\":\"a\"},\"amount\":1}"

/* ---- nobody knows ---------------------------------------------------------------------------- */

/* Of what it is, nobody knows in time what becomes of it; and whoever comes with its key is told
 * that the first is on its way. */
struct late {
    int stall; /* in which, as those of one stall may touch each other */
    const char *method, *path, *key, *body;
    struct visit visit;
    struct co_waitgroup *running;
};

static void send_late(struct late *late)
{
    visit_call(&late->visit, &(struct request){.method = late->method ? late->method : "POST",
                                 .path = late->path,
                                 .key = late->key,
                                 .headers = IMPATIENT,
                                 .body = late->body,
                                 .body_length = late->body ? strlen(late->body) : 0});
}

static void send_twice(void *arg)
{
    struct late *late = arg;
    send_late(late);
    if (late->visit.response.status != 504)
        printf("\n    %s", late->path);
    EXPECT_PROBLEM(&late->visit, 504, "outcome_unknown");
    if (late->key) {
        send_late(late);
        EXPECT_PROBLEM(&late->visit, 409, "key_in_flight");
    }
    co_waitgroup_done(late->running);
}

/* Those of one stall, beside each other. */
static void send_together(struct late *lates, size_t count, int stall)
{
    struct co_waitgroup running = {0};
    for (size_t i = 0; i < count; i++) {
        if (lates[i].stall != stall)
            continue;
        lates[i].running = &running;
        co_waitgroup_add(&running, 1);
        co_ensure(co_spawn(send_twice, &lates[i]));
    }
    co_waitgroup_wait(&running);
}

/* ---- while nothing commits ------------------------------------------------------------------- */

enum { HALT = 3 /* of the whole database */ };

static struct late lates[] = {
    {.path = "/accounts", .body = "{\"id\":\"new\",\"asset\":\"USD/2\"}"},
    {.path = "/accounts/a/deposit", .key = "d", .body = "{\"amount\":1}"},
    {.path = "/accounts/a/withdraw", .key = "w", .body = "{\"amount\":1}"},
    {.path = "/transfers", .key = "t", .body = "{\"from\":\"a\",\"to\":\"b\",\"amount\":1}"},
    {.path = "/transfers/batch",
        .key = "b",
        .body = "{\"transfers\":[{\"from\":\"a\",\"to\":\"b\",\"amount\":1}]}"},
    {.path = "/transfers/3/reverse"},
    {.path = "/holds", .key = "h", .body = "{\"from\":\"a\",\"to\":\"b\",\"amount\":1}"},
    {.path = "/v1/transfers", .key = "x", .body = BETWEEN},
    {.path = "/accounts/frozen/freeze"},
    {.path = "/v1/ledgers/third/freeze"},
    {.path = "/v1/tokens", .body = "{\"scope\":\"read\"}"},
    {.stall = 1, .path = "/accounts/frozen/unfreeze"},
    {.stall = 1, .path = "/v1/ledgers/third/unfreeze"},
    {.stall = 1, .path = "/v1/tokens/2/rotate"},
    {.stall = 2, .method = "DELETE", .path = "/v1/tokens/2"},
    {.stall = HALT, .path = "/v1/ledgers/third/owner", .body = "{\"server\":1}"},
};
enum { LATES = sizeof lates / sizeof lates[0] };

static void prepare(struct visit *visit)
{
    CU_ASSERT(visit_fund(visit, "a", 100) && visit_fund(visit, "b", 0));
    CU_ASSERT(visit_fund(visit, "frozen", 0));
    visit_post(visit, "/v1/ledgers", NULL, "{\"name\":\"second\"}");
    EXPECT_STATUS(visit, 201);
    visit_post(visit, "/v1/ledgers", NULL, "{\"name\":\"third\"}");
    EXPECT_STATUS(visit, 201);
    visit_post(visit, "/v1/ledgers/second/accounts", NULL, "{\"id\":\"a\",\"asset\":\"USD/2\"}");
    EXPECT_STATUS(visit, 201);
    visit_post(visit, "/v1/transfers", "before", BETWEEN); /* opens what both ledgers need for it */
    EXPECT_STATUS(visit, 201);
    visit_post(visit, "/v1/tokens", NULL, "{\"scope\":\"read\"}");
    EXPECT_STATUS(visit, 201);
    CU_ASSERT(visit_is(visit, "id", "2"));
}

/* As somebody else, in the service's own database; the exit code. */
static int run_sql(const struct service *service, const char *sql)
{
    struct command command = {0};
    char folder[SERVICE_PROGRAM];
    snprintf(folder, sizeof folder, "%s/postgres", service->folder);
    command_run(&command, (const char *const[]){"psql", "-qXAt", "-v", "ON_ERROR_STOP=1", "-h",
                              folder, "-U", "postgres", "-c", sql, NULL});
    int code = command.exit_code;
    command_free(&command);
    return code;
}

/* What must be written is locked; all can be read. */
struct holder {
    const struct service *service;
    struct co_waitgroup running;
};

static void hold(void *arg)
{
    struct holder *holder = arg;
    (void)run_sql(holder->service, "BEGIN; LOCK TABLE teller.entry IN EXCLUSIVE MODE;"
                                   " LOCK TABLE teller.token IN EXCLUSIVE MODE;"
                                   " SELECT pg_sleep(600)");
    co_waitgroup_done(&holder->running);
}

static void hold_begin(struct holder *holder)
{
    co_waitgroup_add(&holder->running, 1);
    co_ensure(co_spawn(hold, holder));
    int code = run_sql(holder->service,
        "DO $$ BEGIN FOR i IN 1..600 LOOP"
        " PERFORM 1 FROM pg_locks WHERE relation = 'teller.token'::regclass AND granted"
        "  AND mode = 'ExclusiveLock'; EXIT WHEN FOUND; PERFORM pg_sleep(0.05);"
        " END LOOP; END $$");
    CU_ASSERT_EQUAL(code, 0);
}

static void hold_end(struct holder *holder)
{
    int code =
        run_sql(holder->service, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                                 " WHERE query ~ '^BEGIN; LOCK TABLE' AND pid <> pg_backend_pid()");
    CU_ASSERT_EQUAL(code, 0);
    co_waitgroup_wait(&holder->running);
}

/* Who asks what became of a key is not told "nothing", either. */
static void expect_in_flight(struct visit *visit)
{
    static const char *const paths[] = {"/transfers?key=t", "/v1/transfers?ledger=main&key=x"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        visit_call(visit, &(struct request){.path = paths[i], .headers = IMPATIENT});
        EXPECT_PROBLEM(visit, 409, "key_in_flight");
    }
}

static void while_nothing_commits(void)
{
    struct service service;
    struct visit visit;
    struct holder holder = {.service = &service};
    CU_ASSERT_FATAL(service_make(&service, "owner", NULL));
    visit_begin(&visit, &service);
    prepare(&visit);
    for (size_t i = 0; i < LATES; i++)
        visit_begin(&lates[i].visit, &service);
    for (int stall = 0; stall < HALT; stall++) {
        hold_begin(&holder);
        send_together(lates, LATES, stall);
        if (stall == 0)
            expect_in_flight(&visit);
        hold_end(&holder);
        CU_ASSERT(service_await_ready(&service, 60 * CO_CLOCK_S));
    }
    service_signal_postgres(&service, SIGSTOP);
    send_together(lates, LATES, HALT);
    service_signal_postgres(&service, SIGCONT);
    for (size_t i = 0; i < LATES; i++)
        visit_end(&lates[i].visit);
    visit_end(&visit);
    CU_ASSERT_EQUAL(service_stop(&service), 0);
    service_remove(&service);
}

/* ---- where another server has the ledger ----------------------------------------------------- */

/* As if another server had passed it on. Between ledgers the body, or the query, says which. */
static void ask_as_passed(struct visit *visit, const struct operation *operation)
{
    bool between = strcmp(operation->path, "/v1/transfers") == 0;
    bool has_body = json_view_member(operation->described, "requestBody").at;
    const char *body = between ? BETWEEN : "{\"name\":\"main\"}";
    visit_call(visit,
        &(struct request){.method = operation->method,
            .path = between && !has_body ? "/v1/transfers?ledger=main&key=x" : operation->path,
            .key = between && has_body ? "x" : NULL,
            .headers = "Teller-Hop: 1\r\n",
            .body = has_body ? body : NULL,
            .body_length = has_body ? strlen(body) : 0});
}

/* A request that was passed on once is not passed on again. */
static void expect_not_owner(const struct operation *operation, void *visit)
{
    if (!operations_have(operation, "421") || operations_are_of_servers(operation))
        return;
    ask_as_passed(visit, operation);
    EXPECT_PROBLEM((struct visit *)visit, 421, "not_owner");
}

/* What a server that hangs was asked to do, nobody knows. */
static struct late passed[] = {
    {.path = "/audits"},
    {.path = "/v1/ledgers", .body = "{\"name\":\"main\"}"},
};
enum { PASSED = sizeof passed / sizeof passed[0] };

/* All of its threads stand still when this returns. */
static void halt(pid_t pid)
{
    siginfo_t info;
    kill(pid, SIGSTOP);
    CU_ASSERT_EQUAL(waitid(P_PID, (id_t)pid, &info, WSTOPPED | WNOWAIT), 0);
}

static void where_another_has_it(void)
{
    static struct joint joint;
    struct visit visit, walking;
    CU_ASSERT_FATAL(joint_make(&joint, NULL));
    visit_begin(&visit, joint.other);
    visit_begin(&walking, joint.other);
    operations_walk(&walking, expect_not_owner, &visit);
    for (size_t i = 0; i < PASSED; i++)
        visit_begin(&passed[i].visit, joint.other);
    halt(joint.owner.pid);
    send_together(passed, PASSED, 0);
    kill(joint.owner.pid, SIGCONT);
    for (size_t i = 0; i < PASSED; i++)
        visit_end(&passed[i].visit);
    visit_end(&visit);
    visit_end(&walking);
    joint_remove(&joint);
}

/* ---- where no token is asked for ------------------------------------------------------------- */

/* By another name than its own a browser is led here by others: not where everybody may do all. */
static void expect_stranger(const struct operation *operation, void *arg)
{
    struct visit *visit = arg;
    char text[400];
    int length = snprintf(text, sizeof text,
        "%s %s HTTP/1.1\r\nHost: bank.example\r\nContent-Length: 0\r\n\r\n", operation->method,
        operation->path);
    CU_ASSERT_EQUAL_FATAL(client_connect(visit->client), CLIENT_ANSWERED);
    CU_ASSERT_EQUAL_FATAL(client_send_bytes(visit->client, text, (size_t)length), CLIENT_ANSWERED);
    visit->got = client_receive(visit->client, &visit->response);
    bool refuses = visit->response.status == 403;
    CU_ASSERT_EQUAL(refuses, operations_have(operation, "403"));
    if (refuses != operations_have(operation, "403"))
        printf("\n    %s %s: %d", operation->method, operation->path, visit->response.status);
}

static void where_no_token_is_asked_for(void)
{
    struct service service;
    struct visit visit, walking;
    CU_ASSERT_FATAL(service_make(&service, "owner",
        (const char *const[]){"--auth", "off", "--cluster-control", "/bin/true", NULL}));
    visit_begin(&visit, &service);
    visit_begin(&walking, &service);
    operations_walk(&walking, expect_stranger, &visit);
    visit_end(&visit);
    visit_end(&walking);
    service_remove(&service);
}

/* ---- what is full, or never was -------------------------------------------------------------- */

static void too_many_tokens(void)
{
    struct service service;
    struct visit visit;
    CU_ASSERT_FATAL(service_make(&service, "owner", NULL));
    visit_begin(&visit, &service);
    int code = run_sql(&service, "INSERT INTO teller.token (scope, hash)"
                                 " SELECT 'read', sha256(i::text::bytea)"
                                 " FROM generate_series(1, 10000) i");
    CU_ASSERT_EQUAL(code, 0);
    visit_post(&visit, "/v1/tokens", NULL, "{\"scope\":\"read\"}");
    EXPECT_PROBLEM(&visit, 409, "token_limit");
    visit_call(&visit, &(struct request){.method = "DELETE", .path = "/v1/tokens/9999999"});
    EXPECT_PROBLEM(&visit, 404, "token_not_found");
    visit_end(&visit);
    service_remove(&service);
}

static void of_nothing(void)
{
    struct visit visit;
    char path[60];
    visit_begin_shared(&visit, "owner");
    CU_ASSERT(visit_fund(&visit, "refusing", 10));
    visit_get(&visit, "/accounts/refusing/entries?order=asc&after=900719925474099");
    EXPECT_PROBLEM(&visit, 409, "position_ahead");
    visit_post(&visit, "/owner", NULL, "{\"server\":900719925474099}");
    EXPECT_PROBLEM(&visit, 422, "server_unknown");
    /* A key that stands for something else already. */
    visit_post(&visit, "/holds", "refusing-1",
        "{\"from\":\"refusing\",\"to\":\"world:USD.2\",\"amount\":1}");
    EXPECT_STATUS(&visit, 201);
    snprintf(path, sizeof path, "/holds/%lld/release", (long long)visit.response.seq);
    visit_post(&visit, path, "refusing-1", NULL);
    EXPECT_PROBLEM(&visit, 422, "key_reused");
    visit_post(&visit, path, "refusing-2", NULL);
    EXPECT_STATUS(&visit, 201);
    visit_end(&visit);
}

const struct unit_suite refusals_suite = {"refusals", 2,
    (const struct unit_test[]){{"while_nothing_commits", while_nothing_commits},
        {"where_another_has_it", where_another_has_it},
        {"where_no_token_is_asked_for", where_no_token_is_asked_for},
        {"too_many_tokens", too_many_tokens}, {"of_nothing", of_nothing}, {0}}};
