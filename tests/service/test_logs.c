/* SPDX-License-Identifier: MIT */
/* The log: what it tells of answers and of the start, and that no secret is ever in it. */
#include "tests/service/suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "tests/service/command.h"
#include "tests/service/raw.h"
#include "tests/service/visit.h"

#define TRACE "0af7651916cd43dd8448eb211c80319c"
#define SPAN "b7ad6b7169203331"

/* All that it has said since its start; the caller frees it. */
static char *log_of(const struct service *service)
{
    enum { BYTES = 1 << 20 };
    char *text = malloc(BYTES);
    co_ensure(text);
    service_read_output(service, text, BYTES);
    return text;
}

/* The line that has both; false: none has. It is waited for: an answer is there before its line. */
static bool has_line(const struct service *service, const char *one, const char *other)
{
    for (int i = 0; i < 200; i++) {
        char *text = log_of(service), *rest;
        bool found = false;
        for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
            found = found || (strstr(line, one) && strstr(line, other));
        free(text);
        if (found)
            return true;
        co_sleep(10 * CO_CLOCK_MS);
    }
    printf("\n    no line with %s and %s ", one, other);
    return false;
}

/* Each line is an object, or else it is not of the log: libraries and PostgreSQL may say a word. */
static void expect_lines(const struct service *service)
{
    char *text = log_of(service), *rest;
    size_t count = 0;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        if (*line != '{')
            continue;
        struct json_view view = json_view_read(line, strlen(line));
        CU_ASSERT(json_view_member(view, "time").at && json_view_member(view, "level").at &&
                  json_view_member(view, "message").at);
        for (const char *c = line; *c; c++)
            CU_ASSERT((unsigned char)*c >= ' ' && *c != 0x7f);
        count++;
    }
    CU_ASSERT(count > 0);
    free(text);
}

static void answers(void)
{
    struct service service;
    struct visit visit;
    static struct raw raw;
    CU_ASSERT_FATAL(
        service_make(&service, "owner", (const char *const[]){"--log-answers", "all", NULL}));
    CU_ASSERT(has_line(&service, "\"message\":\"starting\"", "\"version\":\""));
    CU_ASSERT(has_line(&service, "\"message\":\"starting\"", "\"database\":\"private, in "));
    CU_ASSERT(has_line(&service, "\"message\":\"starting\"", "\"strategy\":\"owner\""));
    CU_ASSERT(has_line(&service, "\"message\":\"starting\"", service.url));
    CU_ASSERT(
        has_line(&service, "ledger main: strategy owner, ", " folded upon the checkpoint at "));
    CU_ASSERT(has_line(&service, "\"message\":\"serving\"", "\"ms\":"));
    visit_begin(&visit, &service);
    visit_call(&visit,
        &(struct request){.path = "/accounts?limit=1",
            .headers = "X-Request-Id: seen-1\r\nTraceparent: 00-" TRACE "-" SPAN "-01\r\n"});
    EXPECT_STATUS(&visit, 200);
    CU_ASSERT(has_line(&service,
        "\"request_id\":\"seen-1\",\"method\":\"GET\","
        "\"route\":\"/v1/ledgers/{ledger}/accounts\",\"status\":200,",
        "\"trace_id\":\"" TRACE "\",\"span_id\":\"" SPAN "\""));
    CU_ASSERT(has_line(&service, "seen-1", ",\"token\":1,"));
    visit_call(
        &visit, &(struct request){.method = "HEAD",
                    .path = "/livez",
                    .headers = "X-Request-Id: seen-2\r\nTraceparent: 00-" TRACE "-" SPAN "-1\r\n"});
    CU_ASSERT(has_line(&service, "seen-2", "\"bytes\":0}"));
    visit_call(
        &visit, &(struct request){.path = "/nowhere", .headers = "X-Request-Id: seen-3\r\n"});
    CU_ASSERT(has_line(&service, "seen-3", "\"status\":404"));
    static const char folded[] = "GET / HTTP/1.1\r\nX-Request-Id: seen-4\r\n folded\r\n\r\n";
    raw_ask(&service, folded, sizeof folded - 1, &raw);
    CU_ASSERT(
        has_line(&service, "\"request_id\":\"seen-4\",\"method\":\"none\"", "\"status\":400"));
    expect_lines(&service);
    visit_end(&visit);
    CU_ASSERT_EQUAL(service_stop(&service), 0);
    service_remove(&service);
}

/* The address of whoever asked: a proxy's word is taken for it, a stranger's is not. */
static void addresses(void)
{
    static struct service service, stranger;
    struct visit visit;
    char cookie[400];
    CU_ASSERT_FATAL(service_make(&service, "owner",
        (const char *const[]){"--log-answers", "all", "--trusted-proxies", "127.0.0.1/32", NULL}));
    visit_begin(&visit, &service);
    visit_call(&visit, &(struct request){.path = "/livez",
                           .headers = "X-Request-Id: from-1\r\nX-Forwarded-For: 192.0.2.9, "
                                      "192.0.2.1\r\n"});
    CU_ASSERT_FALSE(
        response_header(&visit.response, "Strict-Transport-Security", cookie, sizeof cookie));
    CU_ASSERT(has_line(&service, "from-1", "\"address\":\"192.0.2.1\""));
    visit_call(
        &visit, &(struct request){.path = "/nowhere",
                    .headers = "X-Request-Id: from-2\r\nForwarded: for=\"[2001:db8::7]:9\"\r\n"});
    CU_ASSERT(has_line(&service, "from-2", "\"address\":\"2001:db8::7\""));
    visit_call(&visit, &(struct request){.path = "/livez",
                           .headers = "X-Request-Id: from-3\r\nForwarded: for=\"\r\n"});
    CU_ASSERT(has_line(&service, "from-3", "\"address\":\"127.0.0.1\""));
    /* That it came over TLS is the proxy's to say, too. */
    visit_call(
        &visit, &(struct request){.method = "POST",
                    .path = "/v1/session",
                    .headers = "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\n"});
    CU_ASSERT(response_header(&visit.response, "Set-Cookie", cookie, sizeof cookie));
    CU_ASSERT_PTR_NOT_NULL(strstr(cookie, "; Secure"));
    CU_ASSERT(visit_header_is(&visit, "Strict-Transport-Security", "max-age=31536000"));
    visit_end(&visit);
    stranger = service;
    snprintf(stranger.target.from, sizeof stranger.target.from, "127.0.0.2:0");
    visit_begin(&visit, &stranger);
    visit_call(&visit, &(struct request){.method = "POST",
                           .path = "/v1/session",
                           .headers = "X-Request-Id: from-4\r\nX-Forwarded-For: 192.0.2.1\r\n"
                                      "X-Forwarded-Proto: https\r\n"});
    CU_ASSERT(has_line(&service, "from-4", "\"address\":\"127.0.0.2\""));
    CU_ASSERT_FALSE(
        response_header(&visit.response, "Strict-Transport-Security", cookie, sizeof cookie));
    CU_ASSERT(response_header(&visit.response, "Set-Cookie", cookie, sizeof cookie));
    CU_ASSERT_PTR_NULL(strstr(cookie, "Secure"));
    visit_end(&visit);
    expect_lines(&service);
    service_remove(&service);
}

/* Planted wherever a client can put one, and the token that is good, and an escape. */
static void no_secrets(void)
{
    static const char *const planted[] = {
        "GET /v1/ledgers/main/accounts?token=PLANTED1 HTTP/1.1\r\nHost: a\r\n",
        "GET /v1/ledgers/main/accounts/PLANTED2 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer "
        "PLANTED3\r\n",
        "GET /PLANTED4 HTTP/1.1\r\nHost: a\r\nCookie: teller_session=PLANTED5\r\n",
        "PLANTED6 /livez HTTP/1.1\r\nHost: a\r\nAuthorization: Basic PLANTED7\r\n",
        "GET /livez HTTP/1.1\r\nHost: a\r\nX-Request-Id: PLANTED8 \x1b[31m\r\n",
        "GET /livez HTTP/1.1\r\nHost: a\r\nX-Request-Id: PLANTED9\xc2\x9b\r\n",
        "GET /livez HTTP/1.1\r\nAuthorization: Bearer PLANTED10\r\n folded PLANTED11\r\n",
        "POST /v1/session HTTP/1.1\r\nHost: a\r\nIdempotency-Key: PLANTED12\r\nX-Any: "
        "PLANTED13\r\n",
    };
    struct service service;
    struct visit visit;
    static struct raw raw;
    char text[500];
    CU_ASSERT_FATAL(
        service_make(&service, "owner", (const char *const[]){"--log-answers", "all", NULL}));
    for (size_t i = 0; i < sizeof planted / sizeof planted[0]; i++) {
        int length = snprintf(text, sizeof text, "%sConnection: close\r\n\r\n", planted[i]);
        raw_ask(&service, text, (size_t)length, &raw);
        CU_ASSERT(raw.status > 0);
    }
    visit_begin(&visit, &service);
    visit_call(
        &visit, &(struct request){.path = "/v1/ledgers", .headers = "X-Request-Id: last\r\n"});
    EXPECT_STATUS(&visit, 200);
    CU_ASSERT(has_line(&service, "\"last\"", "answered"));
    visit_end(&visit);
    CU_ASSERT_EQUAL(service_stop(&service), 0);
    char *log = log_of(&service);
    CU_ASSERT_PTR_NULL(strstr(log, "PLANTED"));
    CU_ASSERT_PTR_NULL(strstr(log, service.target.token));
    CU_ASSERT_PTR_NULL(strchr(log, '\x1b'));
    free(log);
    expect_lines(&service);
    service_remove(&service);
}

/* The database's password, in each form that a connection string has, and in some that are none. */
static void no_passwords(void)
{
    static const char *const urls[] = {"postgres://u:PLANTED%40x@127.0.0.1:1/db",
        "postgres://u:PLANTED/x@127.0.0.1:1/db", "postgres://u:x/PLANTED@127.0.0.1:1/db",
        "postgres://u:PLANTED%zz@127.0.0.1:1/db", "postgres://u@127.0.0.1:1/db?password=PLANTED",
        "host=127.0.0.1 port=1 password=PLANTED user=u",
        "host=127.0.0.1 port=1 password='PLANTED x' bogus"};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        struct command command = {.discard = false};
        char program[SERVICE_PROGRAM];
        service_program(program);
        command_run(&command, (const char *const[]){program, "audit", "--database", urls[i], NULL});
        CU_ASSERT(command.exit_code > 0 && *command.error);
        if (strstr(command.error, "PLANTED"))
            command_print(&command);
        CU_ASSERT_PTR_NULL(strstr(command.error, "PLANTED"));
        command_free(&command);
    }
}

/* A service that has no database yet says where it looks for it, and not with what. */
static void no_password_of_a_service(void)
{
    struct service service;
    CU_ASSERT_FATAL(service_make(&service, "owner", NULL));
    CU_ASSERT_EQUAL(service_stop(&service), 0);
    service.arguments[0] = "--database";
    service.arguments[1] = "postgres://u:PLANTED/x@127.0.0.1:1/db";
    service.quiet = true;
    service.start_seconds = 1;
    CU_ASSERT_FALSE(service_run(&service));
    CU_ASSERT_EQUAL(service_stop(&service), 0);
    char *log = log_of(&service);
    CU_ASSERT_PTR_NULL(strstr(log, "PLANTED"));
    CU_ASSERT_PTR_NOT_NULL(strstr(log, "\"message\":\"starting\""));
    free(log);
    service_remove(&service);
}

/* ---- lines of a request besides that of its answer ------------------------------------------- */

/* End each session of the private database that such a condition holds for. */
static void end_sessions(const struct service *service, const char *condition)
{
    struct command command = {0};
    char where[200], sql[300];
    snprintf(
        where, sizeof where, "host=%s/postgres user=postgres dbname=postgres", service->folder);
    snprintf(sql, sizeof sql,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        " AND backend_type = 'client backend' AND %s",
        condition);
    const char *const argv[] = {"psql", "-qXAt", "-d", where, "-c", sql, NULL};
    command_run(&command, argv);
    EXPECT_EXIT(&command, 0);
    command_free(&command);
}

/* What goes wrong on the way of a request, and in work that it left behind, names it. */
static void lines_of_a_request(void)
{
    static const char body[] = "{\"scope\":\"read\"}";
    struct service service;
    struct visit visit;
    setenv("TELLER_FAILPOINTS", "audit.stretch=pause:3000", 1);
    bool made = service_make(&service, "owner", NULL);
    unsetenv("TELLER_FAILPOINTS");
    CU_ASSERT_FATAL(made);
    visit_begin(&visit, &service);
    CU_ASSERT(visit_fund(&visit, "alice", 1));
    visit_post(&visit, "/v1/tokens", NULL, body);
    EXPECT_STATUS(&visit, 201);
    end_sessions(&service, "true");
    visit_call(&visit, &(struct request){.path = "/v1/tokens",
                           .headers = "X-Request-Id: wanted-1\r\n",
                           .body = body,
                           .body_length = sizeof body - 1});
    CU_ASSERT(visit.response.status >= 500);
    CU_ASSERT(has_line(&service, "\"message\":\"tokens: ", "\"request_id\":\"wanted-1\""));

    CU_ASSERT(service_await_ready(&service, 60 * CO_CLOCK_S));
    visit_call(
        &visit, &(struct request){
                    .method = "POST", .path = "/audits", .headers = "X-Request-Id: wanted-2\r\n"});
    EXPECT_STATUS(&visit, 202);
    for (int i = 0; i < 50 && !service_logged(&service, "error", "the audit did not end"); i++)
        end_sessions(&service, "state = 'idle in transaction'");
    CU_ASSERT(has_line(&service, "the audit did not end", "\"request_id\":\"wanted-2\""));
    /* What is not for any request names none. */
    CU_ASSERT_FALSE(has_line(&service, "\"message\":\"serving\"", "request_id"));
    visit_end(&visit);
    service_remove(&service);
}

/* ---- a whole session ------------------------------------------------------------------------- */

#define PASSWORD "opensesame"

static char *copy_member(const struct visit *visit, const char *name)
{
    static char text[300];
    CU_ASSERT(json_view_copy(json_view_member(visit->body, name), text, sizeof text));
    return strdup(text);
}

/* All that a client could keep to itself: the admin's token, new ones, the cookie. */
static void no_secret_of_a_session(void)
{
    static struct service host, service;
    struct visit visit;
    char url[300], cookie[256] = "", line[300];
    char *secrets[3];
    CU_ASSERT_FATAL(service_make(&host, "owner", NULL));
    snprintf(url, sizeof url, "host=%s/postgres user=postgres dbname=template1 password=" PASSWORD,
        host.folder);
    service_prepare(
        &service, "owner", (const char *const[]){"--database", url, "--log-answers", "all", NULL});
    CU_ASSERT_FATAL(service_run(&service));
    visit_begin(&visit, &service);
    CU_ASSERT(visit_fund(&visit, "alice", 100));
    visit_post(&visit, "/v1/tokens", NULL, "{\"scope\":\"write\",\"name\":\"till\"}");
    EXPECT_STATUS(&visit, 201);
    secrets[0] = copy_member(&visit, "token");
    snprintf(line, sizeof line, "Authorization: Bearer %s\r\n", secrets[0]);
    visit_call(
        &visit, &(struct request){.path = "/accounts", .headers = line, .without_token = true});
    EXPECT_STATUS(&visit, 200);
    visit_post(&visit, "/v1/tokens/2/rotate", NULL, "{}");
    EXPECT_STATUS(&visit, 200);
    secrets[1] = copy_member(&visit, "token");
    visit_call(&visit, &(struct request){.method = "POST", .path = "/v1/session"});
    CU_ASSERT(response_header(&visit.response, "Set-Cookie", cookie, sizeof cookie));
    cookie[strcspn(cookie, ";")] = '\0';
    secrets[2] = strdup(strchr(cookie, '=') + 1);
    snprintf(line, sizeof line, "Cookie: %s\r\n", cookie);
    visit_call(
        &visit, &(struct request){.path = "/v1/session", .headers = line, .without_token = true});
    end_sessions(&host, "datname = 'template1'");
    CU_ASSERT(service_await_ready(&service, 60 * CO_CLOCK_S));
    visit_end(&visit);
    CU_ASSERT_EQUAL(service_stop(&service), 0);

    char *log = log_of(&service);
    CU_ASSERT_PTR_NOT_NULL(strstr(log, "\"message\":\"answered\""));
    CU_ASSERT_PTR_NULL(strstr(log, PASSWORD));
    CU_ASSERT_PTR_NULL(strstr(log, service.target.token));
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
        CU_ASSERT(strlen(secrets[i]) > 20);
        CU_ASSERT_PTR_NULL(strstr(log, secrets[i]));
        free(secrets[i]);
    }
    free(log);
    service_remove(&service);
    service_remove(&host);
}

const struct unit_suite logs_suite = {"logs", 2,
    (const struct unit_test[]){{"answers", answers}, {"addresses", addresses},
        {"no_secrets", no_secrets}, {"no_passwords", no_passwords},
        {"no_password_of_a_service", no_password_of_a_service},
        {"lines_of_a_request", lines_of_a_request},
        {"no_secret_of_a_session", no_secret_of_a_session}, {0}}};
