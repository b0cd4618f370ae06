/* SPDX-License-Identifier: MIT */
/* Pages of other origins: those that were named at the start may use the service and read its
 * answers, with a token and never with a cookie; others as before, which is not at all. */
#include "tests/service/suites.h"

#include <stdio.h>
#include <string.h>

#include "tests/service/visit.h"

#define APP "https://app.example"
#define OTHER "https://evil.example"
#define CROSS "Sec-Fetch-Site: cross-site\r\n"
#define PREFLIGHT "Access-Control-Request-Method: POST\r\n"

static const char *header_of(const struct visit *visit, const char *name)
{
    static char value[400];
    return response_header(&visit->response, name, value, sizeof value) ? value : "";
}

static void ask(struct visit *visit, const char *method, const char *path, const char *headers)
{
    visit_call(visit, &(struct request){.method = method, .path = path, .headers = headers});
}

#define EXPECT_HEADER(visit, name, value)                                                          \
    CU_ASSERT_STRING_EQUAL(header_of((visit), (name)), (value))

static void preflight(struct visit *visit)
{
    visit_call(visit, &(struct request){.method = "OPTIONS",
                          .path = "/transfers",
                          .headers = "Origin: " APP "\r\n" CROSS PREFLIGHT,
                          .without_token = true});
    EXPECT_STATUS(visit, 204);
    EXPECT_HEADER(visit, "Access-Control-Allow-Origin", APP);
    EXPECT_HEADER(visit, "Access-Control-Allow-Methods", "GET, HEAD, POST, OPTIONS");
    CU_ASSERT_PTR_NOT_NULL(
        strstr(header_of(visit, "Access-Control-Allow-Headers"), "Authorization, Content-Type, "
                                                                 "Idempotency-Key"));
    EXPECT_HEADER(visit, "Access-Control-Max-Age", "600");
    EXPECT_HEADER(visit, "Vary", "Origin, Access-Control-Request-Method");
    EXPECT_HEADER(visit, "Access-Control-Allow-Credentials", "");
    /* Of others nothing is said but that it depends. */
    ask(visit, "OPTIONS", "/transfers", "Origin: " OTHER "\r\n" CROSS PREFLIGHT);
    EXPECT_STATUS(visit, 204);
    EXPECT_HEADER(visit, "Access-Control-Allow-Origin", "");
    EXPECT_HEADER(visit, "Access-Control-Allow-Methods", "");
    EXPECT_HEADER(visit, "Vary", "Origin, Access-Control-Request-Method");
    ask(visit, "OPTIONS", "/transfers", "Origin: " APP "\r\n");
    EXPECT_HEADER(visit, "Access-Control-Allow-Methods", "");
    EXPECT_HEADER(visit, "Vary", "Origin");
}

/* Whatever the answer is, its page may read it. */
static void answers(struct visit *visit)
{
    static const struct {
        const char *method, *path, *headers;
        int status;
    } rows[] = {
        {"GET", "/accounts", "", 200},
        {"GET", "/livez", "", 200},
        {"GET", "/accounts?limit=0", "", 400},
        {"GET", "/v1/%zz", "", 400},
        {"GET", "/accounts", "Authorization: Bearer x\r\n", 400}, /* a second one */
        {"GET", "/accounts/nobody", "", 404},
        {"GET", "/nowhere", "", 404},
        {"PATCH", "/accounts", "", 405},
        {"GET", "/accounts", "Expect: more\r\n", 417},
        {"POST", "/transfers", "Content-Type: text/plain\r\n", 400},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char headers[200];
        snprintf(headers, sizeof headers, "Origin: " APP "\r\n" CROSS "%s", rows[i].headers);
        ask(visit, rows[i].method, rows[i].path, headers);
        EXPECT_STATUS(visit, rows[i].status);
        EXPECT_HEADER(visit, "Access-Control-Allow-Origin", APP);
        EXPECT_HEADER(visit, "Vary", "Origin");
        CU_ASSERT_PTR_NOT_NULL(strstr(header_of(visit, "Access-Control-Expose-Headers"),
            "ETag, Idempotency-Replayed, Ledger-Seq, Ledger-Stale, Location, Preference-Applied, "
            "RateLimit, RateLimit-Policy, Retry-After, Server-Timing, Teller-Owner, "
            "WWW-Authenticate, X-Request-Id"));
        EXPECT_HEADER(visit, "Access-Control-Allow-Credentials", "");
    }
    ask(visit, "GET", "/accounts", "Origin: " OTHER "\r\n");
    EXPECT_HEADER(visit, "Access-Control-Allow-Origin", "");
    EXPECT_HEADER(visit, "Vary", "Origin");
    ask(visit, "GET", "/accounts", "");
    EXPECT_HEADER(visit, "Access-Control-Allow-Origin", "");
    EXPECT_HEADER(visit, "Vary", "Origin");
}

static int deposit(struct visit *visit, const char *headers, bool without_token)
{
    visit_call(visit, &(struct request){.path = "/accounts/abroad/deposit",
                          .headers = headers,
                          .body = "{\"amount\":1}",
                          .body_length = 12,
                          .without_token = without_token});
    return visit->response.status;
}

static void money(struct visit *visit)
{
    CU_ASSERT(visit_fund(visit, "abroad", 1));
    CU_ASSERT_EQUAL(deposit(visit, "Origin: " APP "\r\n" CROSS, false), 201);
    CU_ASSERT_EQUAL(deposit(visit, "Origin: http://localhost:3000\r\n" CROSS, false), 201);
    CU_ASSERT_EQUAL(deposit(visit, "Origin: " APP "\r\n" CROSS, true), 401);
    CU_ASSERT_EQUAL(deposit(visit, "Origin: " OTHER "\r\n" CROSS, false), 403);
    CU_ASSERT_EQUAL(deposit(visit, "Origin: http://localhost:3001\r\n" CROSS, false), 403);
    CU_ASSERT_EQUAL(deposit(visit, "Origin: " APP ":8443\r\n" CROSS, false), 403);
    CU_ASSERT_EQUAL(deposit(visit, CROSS, false), 403);
    CU_ASSERT(visit_balance_is(visit, "abroad", 3));
}

/* A browser would add the cookie of a session for a page that does not have the token. */
static void cookies(struct visit *visit)
{
    static const char *const origins[] = {"Origin: " APP "\r\n" CROSS, "Origin: " APP "\r\n",
        "Origin: " APP "\r\nSec-Fetch-Site: same-site\r\n", "Origin: " OTHER "\r\n" CROSS, CROSS};
    char cookie[256], headers[500];
    visit_post(visit, "/v1/session", NULL, NULL);
    EXPECT_STATUS(visit, 204);
    CU_ASSERT_FATAL(response_header(&visit->response, "Set-Cookie", cookie, sizeof cookie));
    cookie[strcspn(cookie, ";")] = '\0';
    for (size_t i = 0; i < sizeof origins / sizeof origins[0]; i++) {
        snprintf(headers, sizeof headers, "%sCookie: %s\r\n", origins[i], cookie);
        visit_call(
            visit, &(struct request){
                       .path = "/events?after=x", .headers = headers, .without_token = true});
        EXPECT_STATUS(visit, 401);
    }
    snprintf(headers, sizeof headers, "Sec-Fetch-Site: same-origin\r\nCookie: %s\r\n", cookie);
    visit_call(visit,
        &(struct request){.path = "/events?after=x", .headers = headers, .without_token = true});
    EXPECT_STATUS(visit, 400); /* it was let in */
}

static void named_origins(void)
{
    struct service service;
    struct visit visit;
    CU_ASSERT_FATAL(service_make(&service, "owner",
        (const char *const[]){"--cors-origin", APP ",http://localhost:3000", NULL}));
    visit_begin(&visit, &service);
    preflight(&visit);
    answers(&visit);
    money(&visit);
    cookies(&visit);
    visit_end(&visit);
    service_remove(&service);
}

/* Without the flag nobody is told anything, and an OPTIONS is just that. */
static void no_origins(void)
{
    struct visit visit;
    visit_begin_shared(&visit, "owner");
    ask(&visit, "OPTIONS", "/transfers", "Origin: " APP "\r\n" PREFLIGHT);
    EXPECT_STATUS(&visit, 204);
    EXPECT_HEADER(&visit, "Allow", "GET, HEAD, POST, OPTIONS");
    EXPECT_HEADER(&visit, "Access-Control-Allow-Origin", "");
    EXPECT_HEADER(&visit, "Access-Control-Allow-Methods", "");
    EXPECT_HEADER(&visit, "Vary", "");
    ask(&visit, "GET", "/accounts", "Origin: " APP "\r\n");
    EXPECT_HEADER(&visit, "Access-Control-Allow-Origin", "");
    EXPECT_HEADER(&visit, "Access-Control-Expose-Headers", "");
    visit_end(&visit);
}

const struct unit_suite cors_suite = {"cors", 2,
    (const struct unit_test[]){{"named_origins", named_origins}, {"no_origins", no_origins}, {0}}};
