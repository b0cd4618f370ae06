/* SPDX-License-Identifier: MIT */
/* Who may come in, what stands beside the ledger, and what methods and types are taken. */
#include "tests/service/suites.h"

#include <string.h>
#include <sys/stat.h>
#include <stdio.h>

#include "tests/service/bearer.h"
#include "tests/service/visit.h"

#define CHALLENGE "Bearer realm=\"teller\""
#define INVALID ", error=\"invalid_token\""
#define INSUFFICIENT ", error=\"insufficient_scope\""

static void tokens(void)
{
    struct visit visit;
    visit_begin_shared(&visit, "owner");
    visit_call(&visit, &(struct request){.path = "/journal", .without_token = true});
    EXPECT_PROBLEM(&visit, 401, "unauthorized");
    CU_ASSERT(visit_header_is(&visit, "WWW-Authenticate", CHALLENGE));
    static const char *const wrong[][2] = {
        {"Authorization: Bearer nonsense\r\n", CHALLENGE INVALID},
        {"Authorization: Bearer \r\n", CHALLENGE},
        {"Authorization: Basic YTpi\r\n", CHALLENGE},
        {"Authorization:\r\n", CHALLENGE},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        visit_call(&visit,
            &(struct request){.path = "/journal", .headers = wrong[i][0], .without_token = true});
        EXPECT_STATUS(&visit, 401);
        CU_ASSERT(visit_header_is(&visit, "WWW-Authenticate", wrong[i][1]));
    }
    visit_end(&visit);
}

/* A token that does not reach so far is told from a page that may not send, though both are 403. */
static void tokens_that_do_not_reach(void)
{
    static const struct {
        const char *token, *path, *more, *says;
    } rows[] = {
        {"{\"scope\":\"read\"}", "/v1/tokens", "", CHALLENGE INSUFFICIENT},
        {"{\"scope\":\"read\",\"ledgers\":[\"main\"]}", "/v1/servers", "", CHALLENGE INSUFFICIENT},
        {"{\"scope\":\"read\",\"prefixes\":[\"p:\"]}", "/accounts/q", "", CHALLENGE INSUFFICIENT},
        {"{\"scope\":\"admin\"}", "/v1/session", "Sec-Fetch-Site: cross-site\r\n", NULL},
    };
    struct visit visit;
    visit_begin_shared(&visit, "owner");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bearer bearer;
        char headers[BEARER_TEXT + 100], value[100];
        visit_post(&visit, "/v1/tokens", NULL, rows[i].token);
        bearer_read(&bearer, &visit);
        snprintf(
            headers, sizeof headers, "Authorization: Bearer %s\r\n%s", bearer.token, rows[i].more);
        visit_call(&visit, &(struct request){.path = rows[i].path,
                               .method = rows[i].says ? "GET" : "POST",
                               .headers = headers,
                               .without_token = true});
        EXPECT_PROBLEM(&visit, 403, "forbidden");
        if (rows[i].says)
            CU_ASSERT(visit_header_is(&visit, "WWW-Authenticate", rows[i].says))
        else
            CU_ASSERT_FALSE(
                response_header(&visit.response, "WWW-Authenticate", value, sizeof value));
    }
    visit_end(&visit);
}

static void token_file(void)
{
    const struct service *service = service_shared("owner");
    CU_ASSERT_PTR_NOT_NULL_FATAL(service);
    char path[256];
    struct stat status;
    snprintf(path, sizeof path, "%s/admin.token", service->folder);
    CU_ASSERT_EQUAL_FATAL(stat(path, &status), 0);
    CU_ASSERT_EQUAL(status.st_mode & 0777, 0600);
}

static void open_to_all(void)
{
    struct visit visit;
    visit_begin_shared(&visit, "owner");
    static const char *const paths[] = {"/livez", "/readyz", "/metrics", "/openapi.json", "/"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        visit_call(&visit, &(struct request){.path = paths[i], .without_token = true});
        EXPECT_STATUS(&visit, 200);
        CU_ASSERT(visit.response.body_length > 0);
    }
    char type[64] = "", policy[512] = "";
    CU_ASSERT(response_header(&visit.response, "Content-Type", type, sizeof type));
    CU_ASSERT_NSTRING_EQUAL(type, "text/html", 9);
    CU_ASSERT(response_header(&visit.response, "Content-Security-Policy", policy, sizeof policy));
    CU_ASSERT_PTR_NOT_NULL(strstr(policy, "default-src 'none'"));
    visit_get(&visit, "/metrics");
    CU_ASSERT_PTR_NOT_NULL(memmem(visit.response.body, visit.response.body_length,
        "teller_transfers_total{", strlen("teller_transfers_total{")));
    visit_end(&visit);
}

static void methods_and_types(void)
{
    struct visit visit;
    char allow[64];
    visit_begin_shared(&visit, "owner");
    CU_ASSERT(visit_fund(&visit, "typed", 10));
    visit_call(&visit, &(struct request){.method = "DELETE", .path = "/accounts/typed"});
    EXPECT_STATUS(&visit, 405);
    CU_ASSERT(response_header(&visit.response, "Allow", allow, sizeof allow));
    visit_call(&visit, &(struct request){.method = "PUT", .path = "/accounts"});
    EXPECT_STATUS(&visit, 405);
    visit_get(&visit, "/accounts/typed/deposit");
    EXPECT_STATUS(&visit, 405);
    visit_get(&visit, "/nowhere");
    EXPECT_STATUS(&visit, 404);
    visit_get(&visit, "/accounts/typed/nothing");
    EXPECT_STATUS(&visit, 404);
    visit_end(&visit);
}

static void without_tokens_on_loopback(void)
{
    struct service service;
    struct visit visit;
    CU_ASSERT_FATAL(service_make(&service, "owner", (const char *const[]){"--auth", "off", NULL}));
    visit_begin(&visit, &service);
    visit_call(&visit, &(struct request){.path = "/journal", .without_token = true});
    EXPECT_STATUS(&visit, 200);
    /* Nobody checks what is sent there, so it is not sent back as a cookie. */
    static const char *const texts[] = {"a", "a\tb", "a; Domain=example.com", " \xff"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char line[80], cookie[256];
        snprintf(line, sizeof line, "Authorization: Bearer %s\r\n", texts[i]);
        visit_call(&visit,
            &(struct request){
                .method = "POST", .path = "/v1/session", .headers = line, .without_token = true});
        EXPECT_STATUS(&visit, 204);
        CU_ASSERT(!response_header(&visit.response, "Set-Cookie", cookie, sizeof cookie));
    }
    visit_end(&visit);
    service_remove(&service);
}

/* As a browser's EventSource, which cannot send the token: the cookie in its stead opens
 * streams, and nothing else. */
static void event_source(void)
{
    struct visit visit;
    char cookie[256], line[300];
    visit_begin_shared(&visit, "owner");
    visit_call(
        &visit, &(struct request){.method = "POST", .path = "/v1/session", .without_token = true});
    EXPECT_STATUS(&visit, 401);
    visit_call(&visit, &(struct request){.method = "POST",
                           .path = "/v1/session",
                           .headers = "Origin: https://bank.example\r\n"});
    EXPECT_STATUS(&visit, 204);
    CU_ASSERT_FATAL(response_header(&visit.response, "Set-Cookie", cookie, sizeof cookie));
    CU_ASSERT_PTR_NOT_NULL(strstr(cookie, "; Path=/v1; HttpOnly; SameSite=Strict; Secure"));
    cookie[strcspn(cookie, ";")] = '\0';
    snprintf(line, sizeof line, "Cookie: a=b; %s\r\n", cookie);
    visit_call(
        &visit, &(struct request){.path = "/journal", .headers = line, .without_token = true});
    EXPECT_STATUS(&visit, 401);
    visit_call(&visit, &(struct request){.method = "POST",
                           .path = "/accounts/x/deposit",
                           .headers = line,
                           .body = "{\"amount\":1}",
                           .body_length = 12,
                           .without_token = true});
    EXPECT_STATUS(&visit, 401);
    const struct request events = {
        .path = "/v1/ledgers/main/events", .headers = line, .without_token = true};
    CU_ASSERT_EQUAL_FATAL(client_send(visit.client, &events), CLIENT_ANSWERED);
    CU_ASSERT_EQUAL(client_receive_head(visit.client, &visit.response), CLIENT_ANSWERED);
    EXPECT_STATUS(&visit, 200);
    CU_ASSERT(visit_header_is(&visit, "Content-Type", "text/event-stream"));
    CU_ASSERT(visit_header_is(&visit, "X-Accel-Buffering", "no"));
    client_close(visit.client);
    visit_call(&visit,
        &(struct request){
            .method = "DELETE", .path = "/v1/session", .headers = line, .without_token = true});
    EXPECT_STATUS(&visit, 204);
    CU_ASSERT_FATAL(response_header(&visit.response, "Set-Cookie", cookie, sizeof cookie));
    CU_ASSERT_PTR_NOT_NULL(strstr(cookie, "teller_session=; "));
    CU_ASSERT_PTR_NOT_NULL(strstr(cookie, "; Max-Age=0"));
    visit_end(&visit);
}

const struct unit_suite access_suite = {"access", 2,
    (const struct unit_test[]){{"event_source", event_source}, {"tokens", tokens},
        {"tokens_that_do_not_reach", tokens_that_do_not_reach}, {"token_file", token_file},
        {"open_to_all", open_to_all}, {"methods_and_types", methods_and_types},
        {"without_tokens_on_loopback", without_tokens_on_loopback}, {0}}};
