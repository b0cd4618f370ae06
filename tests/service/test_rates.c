/* SPDX-License-Identifier: MIT */
/* Requests that come too often, with a token or from an address. */
#include "tests/service/suites.h"

#include <stdio.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "tests/service/bearer.h"

enum { MANY = 200, TEXT = 256 };

static void make_token(struct visit *visit, int rate, char text[TEXT])
{
    char body[60];
    snprintf(body, sizeof body, "{\"scope\":\"write\",\"rate\":%d}", rate);
    visit_post(visit, "/v1/tokens", NULL, body);
    EXPECT_STATUS(visit, 201);
    CU_ASSERT_FATAL(json_view_copy(json_view_member(visit->body, "token"), text, TEXT));
}

/* What the last answer, a 429, says. */
static void check_limited(struct visit *visit, const char *policy, const char *left)
{
    EXPECT_PROBLEM(visit, 429, "too_many_requests");
    CU_ASSERT(visit_header_is(visit, "Retry-After", "1"));
    CU_ASSERT(visit_header_is(visit, "RateLimit-Policy", policy));
    CU_ASSERT(visit_header_is(visit, "RateLimit", left));
}

/* Ask until it is too often. False: it never was. */
static bool exceed(struct visit *visit)
{
    for (int i = 0; i < MANY; i++) {
        visit_get(visit, "/accounts/limited");
        if (visit->response.status == 429)
            return true;
        EXPECT_STATUS(visit, 200);
    }
    return false;
}

/* What was refused can be sent again with its key, and pays once; nobody else is touched. */
static void of_a_token(void)
{
    struct visit admin, limited;
    char text[TEXT];
    const struct service *service = service_shared("owner");
    CU_ASSERT_PTR_NOT_NULL_FATAL(service);
    visit_begin(&admin, service);
    CU_ASSERT_FATAL(visit_fund(&admin, "limited", 100));
    int64_t before = visit_figure(&admin, "teller_limited_requests_total{by=\"token\"}");
    make_token(&admin, 2, text);
    struct service other = bearer_service(service, text);
    visit_begin(&limited, &other);
    CU_ASSERT_FATAL(exceed(&limited));
    check_limited(&limited, "\"token\";q=2;w=1", "\"token\";r=0;t=1");
    /* Too many of them, and then one that pays. */
    int tries = 0, refused = 0;
    do {
        visit_post(&limited, "/accounts/limited/withdraw", "limited-once", "{\"amount\":30}");
        refused += limited.response.status == 429;
        co_sleep(50 * CO_CLOCK_MS);
    } while (limited.response.status == 429 && ++tries < MANY);
    EXPECT_STATUS(&limited, 201);
    do {
        visit_post(&limited, "/accounts/limited/withdraw", "limited-once", "{\"amount\":30}");
        refused += limited.response.status == 429;
        co_sleep(50 * CO_CLOCK_MS);
    } while (limited.response.status == 429 && ++tries < MANY);
    EXPECT_STATUS(&limited, 201);
    CU_ASSERT(visit_header_is(&limited, "Idempotency-Replayed", "true"));
    CU_ASSERT(visit_balance_is(&admin, "limited", 70));
    CU_ASSERT(visit_figure(&admin, "teller_limited_requests_total{by=\"token\"}") >
              before + (refused > 0));
    /* Probes take no part in it. */
    for (int i = 0; i < 20; i++) {
        visit_get(&limited, "/livez");
        EXPECT_STATUS(&limited, 200);
    }
    visit_end(&limited);
    visit_end(&admin);
}

/* A cookie is a token as well: what it may open streams of counts like any request. */
static void of_a_session(void)
{
    struct visit visit;
    char text[TEXT], cookie[TEXT + 40];
    int status = 0;
    visit_begin_shared(&visit, "owner");
    make_token(&visit, 2, text);
    snprintf(cookie, sizeof cookie, "Cookie: teller_session=%s\r\n", text);
    for (int i = 0; i < MANY && status != 429; i++) {
        visit_call(
            &visit, &(struct request){
                        .path = "/events?after=none", .without_token = true, .headers = cookie});
        status = visit.response.status;
        CU_ASSERT(status == 400 || status == 429);
    }
    check_limited(&visit, "\"token\";q=2;w=1", "\"token\";r=0;t=1");
    visit_end(&visit);
}

static void of_an_address(void)
{
    static struct service service;
    struct visit visit;
    CU_ASSERT_FATAL(service_make(&service, "owner",
        (const char *const[]){
            "--max-rate-per-address", "3", "--trusted-addresses", "10.0.0.0/8", NULL}));
    visit_begin(&visit, &service);
    int status = 0;
    for (int i = 0; i < MANY && status != 429; i++) {
        visit_get(&visit, "/accounts");
        status = visit.response.status;
    }
    check_limited(&visit, "\"address\";q=3;w=1", "\"address\";r=0;t=1");
    /* Also without a token, and for what needs none; not for probes. */
    static const char *const paths[] = {"/livez", "/readyz", "/metrics"};
    for (int i = 0; i < 30; i++) {
        visit_call(&visit, &(struct request){.path = paths[i % 3], .without_token = true});
        EXPECT_STATUS(&visit, 200);
    }
    CU_ASSERT(visit_figure(&visit, "teller_limited_requests_total{by=\"address\"}") >= 1);
    visit_end(&visit);
    service_remove(&service);
}

/* ---- behind a proxy ------------------------------------------------------------------------- */

enum { TIMES = 40 };

/* How many of as many requests are refused; each has a number of its own in its headers. */
static int refused(struct visit *visit, const char *before, const char *after)
{
    int count = 0;
    for (int i = 1; i <= TIMES; i++) {
        char text[TEXT];
        snprintf(text, sizeof text, "%s%d%s\r\n", before, i, after);
        visit_call(visit, &(struct request){.path = "/accounts", .headers = text});
        count += visit->response.status == 429;
        if (visit->response.status == 429)
            check_limited(visit, "\"address\";q=3;w=1", "\"address\";r=0;t=1");
        else
            EXPECT_STATUS(visit, 200);
    }
    return count;
}

static bool is_answered(struct visit *visit, const char *headers)
{
    visit_call(visit, &(struct request){.path = "/accounts", .headers = headers});
    return visit->response.status == 200;
}

/* 127.0.0.1 is a proxy, 127.0.0.2 says that it is one. */
static void of_clients_of_a_proxy(void)
{
    static struct service service, stranger;
    struct visit proxy, other;
    CU_ASSERT_FATAL(service_make(&service, "owner",
        (const char *const[]){"--max-rate-per-address", "3", "--max-connections-per-address", "1",
            "--trusted-addresses", "10.0.0.0/8", "--trusted-proxies", "127.0.0.1,fd00::/8", NULL}));
    visit_begin(&proxy, &service);
    /* As many clients as there are, each below its limit, over one connection or several. */
    CU_ASSERT_EQUAL(refused(&proxy, "X-Forwarded-For: 198.51.100.", ""), 0);
    CU_ASSERT_EQUAL(refused(&proxy, "Forwarded: for=\"[2001:db8:", "::1]:80\""), 0);
    CU_ASSERT_EQUAL(refused(&proxy, "X-None: ", ""), 0);
    visit_begin(&other, &service);
    CU_ASSERT(is_answered(&other, "X-Forwarded-For: 192.0.2.99\r\n"));
    visit_end(&other);
    /* One that comes often, whatever it says of itself; a customer's network of IPv6 is one. */
    CU_ASSERT(refused(&proxy, "X-Forwarded-For: 203.0.113.", ", 192.0.2.1, fd00::1") > 0);
    CU_ASSERT(refused(&proxy, "Forwarded: for=unknown;by=_", ",for=192.0.2.2") > 0);
    CU_ASSERT(refused(&proxy, "X-Forwarded-For: 2001:db8:7::", "") > 0);
    /* Nobody escapes by what cannot be understood, and nobody else has to suffer for it. */
    CU_ASSERT(refused(&proxy, "Forwarded: for=\"", "") > 0);
    CU_ASSERT(refused(&proxy, "X-Forwarded-For: _hidden", "") > 0);
    CU_ASSERT(refused(&proxy, "Forwarded: for=192.0.2.8\r\nX-Forwarded-For: 192.0.3.", "") > 0);
    CU_ASSERT(is_answered(&proxy, "X-Forwarded-For: 192.0.2.8\r\n"));
    CU_ASSERT(is_answered(&proxy, ""));
    /* Who is no proxy of ours speaks for itself, and takes nothing from those that it names. */
    stranger = service;
    snprintf(stranger.target.from, sizeof stranger.target.from, "127.0.0.2:0");
    visit_begin(&other, &stranger);
    CU_ASSERT(refused(&other, "X-Forwarded-For: 192.0.3.", "") > 0);
    CU_ASSERT(refused(&other, "Forwarded: for=192.0.2.9;by=_", "") > 0);
    CU_ASSERT(is_answered(&proxy, "X-Forwarded-For: 192.0.2.9\r\n"));
    visit_end(&other);
    visit_end(&proxy);
    service_remove(&service);
}

static const struct unit_test tests[] = {{"of_a_token", of_a_token}, {"of_a_session", of_a_session},
    {"of_an_address", of_an_address}, {"of_clients_of_a_proxy", of_clients_of_a_proxy}, {0}};
const struct unit_suite rates_suite = {"rates", 2, tests};
