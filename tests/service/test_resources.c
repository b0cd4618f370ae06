/* SPDX-License-Identifier: MIT */
/* What clients can take: memory for bodies, places for requests and connections. However much one
 * takes, others are served, and all of it comes back. */
#include "tests/service/suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "tests/service/crowd.h"
#include "tests/service/raw.h"
#include "tests/service/visit.h"

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

static const char batch[] = "/v1/ledgers/main/transfers/batch";

/* ---- bodies -------------------------------------------------------------------------------- */

/* Bodies of nobody are not kept: each is refused at its head, and the answer gets through. */
static void half_sent_without_token(void)
{
    enum { COUNT = 1000, ANNOUNCED = 262144 };
    static struct crowd crowd;
    static char text[ANNOUNCED + 400];
    struct visit visit;
    visit_begin_shared(&visit, "owner");
    struct service *service = service_shared("owner");
    size_t length = crowd_half_post(
        NULL, "/v1/ledgers/main/transfers", ANNOUNCED, ANNOUNCED - 1, text, sizeof text);
    size_t before = service_memory_kib(service), refused = 0;
    crowd_begin(&crowd, service);
    for (int i = 0; i < COUNT; i++)
        (void)crowd_send(&crowd, text, length);
    CU_ASSERT_EQUAL(visit_figure(&visit, "teller_body_bytes"), 0);
    CU_ASSERT(service_memory_kib(service) < before + SERVICE_SLACK_KIB);
    for (size_t i = 0; i < crowd.count; i++) {
        struct response response = {.status = 0};
        refused += client_receive(crowd.clients[i], &response) == CLIENT_ANSWERED &&
                   response.status == 401 && response.head.closes;
    }
    CU_ASSERT_EQUAL(refused, COUNT);
    crowd_end(&crowd);
    CU_ASSERT(visit_figure_becomes(&visit, "teller_requests_in_flight", 1));
    visit_end(&visit);
}

/* A client that waits to be told to send is told before it has sent, from its head alone; but that
 * there is no such ledger only the database can say. */
static void judged_at_the_head(void)
{
    static const struct {
        const char *path, *headers;
        int status;
    } heads[] = {{"/v1/ledgers/main/transfers", "Content-Type: application/json\r\n", 401},
        {"/v1/ledgers/main/transfers", "%sContent-Type: text/plain\r\n", 415},
        {"/v1/nowhere", "%sContent-Type: application/json\r\n", 404},
        {"/v1/ledgers/main/journal", "%sContent-Type: application/json\r\n", 405},
        {"/v1/ledgers/main/transfers",
            "%sContent-Type: application/json\r\nSec-Fetch-Site: cross-site\r\n", 403}};
    struct service *service = service_shared("owner");
    struct raw *raw = malloc(sizeof *raw);
    CU_ASSERT_FATAL(service && raw);
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        char text[1200], headers[600], token[300];
        bool with_token = strncmp(heads[i].headers, "%s", 2) == 0;
        snprintf(token, sizeof token, "Authorization: Bearer %s\r\n", service->target.token);
        snprintf(headers, sizeof headers, "%s%s", with_token ? token : "",
            heads[i].headers + (with_token ? 2 : 0));
        int length = snprintf(text, sizeof text,
            "POST %s HTTP/1.1\r\nHost: localhost\r\n%sContent-Length: 5000\r\n"
            "Expect: 100-continue\r\n\r\n",
            heads[i].path, headers);
        raw->say_no_more = false;
        raw_ask(service, text, (size_t)length, raw);
        if (!raw_is_refusal(raw, heads[i].status))
            printf("\n    %s %s -> %.100s ", heads[i].path, heads[i].headers, raw->text);
        CU_ASSERT(raw_is_refusal(raw, heads[i].status));
        CU_ASSERT_PTR_NULL(strstr(raw->text, "100 Continue"));
    }
    free(raw);
}

/* Large bodies that hardly come do not keep others from being worked on. */
static void dripping_batches(void)
{
    enum { COUNT = 64, ANNOUNCED = 8 << 20, ITEMS = 4000 };
    static const char item[] = "{\"from\":\"world:USD.2\",\"to\":\"dripped\",\"amount\":1},";
    static struct crowd crowd;
    static char text[4000], body[ITEMS * sizeof item + 100];
    struct visit visit;
    visit_begin_shared(&visit, "owner");
    struct service *service = service_shared("owner");
    CU_ASSERT(visit_fund(&visit, "dripped", 1));
    size_t length =
        crowd_half_post(service->target.token, batch, ANNOUNCED, 1000, text, sizeof text);
    crowd_begin(&crowd, service);
    for (int i = 0; i < COUNT; i++)
        (void)crowd_send(&crowd, text, length);
    size_t at = (size_t)snprintf(body, sizeof body, "{\"transfers\":[");
    for (int i = 0; i < ITEMS; i++)
        at += (size_t)snprintf(body + at, sizeof body - at, "%s", item);
    snprintf(body + at - 1, sizeof body - at + 1, "]}");
    CU_ASSERT_FATAL(visit_figure_becomes(&visit, "teller_requests_in_flight", COUNT + 1));
    for (int i = 0; i < 3; i++) {
        visit_post(&visit, "/transfers/batch", NULL, body);
        EXPECT_STATUS(&visit, 200);
    }
    crowd_end(&crowd);
    visit_end(&visit);
}

/* Bodies have one budget: what does not fit is refused, and all of it is given back. */
static void budget_for_bodies(void)
{
    enum { COUNT = 40, ANNOUNCED = 600000, BUDGET = 8 << 20 };
    static struct crowd crowd;
    static char text[ANNOUNCED + 400];
    struct service service;
    struct visit visit;
    CU_ASSERT_FATAL(service_make(&service, "owner",
        (const char *const[]){"--workers", "1", "--max-body-memory", "8", NULL}));
    visit_begin(&visit, &service);
    size_t length =
        crowd_half_post(service.target.token, batch, ANNOUNCED, ANNOUNCED - 1, text, sizeof text);
    for (int round = 0; round < 2; round++) {
        size_t read = 0, refused = 0, sent = 0;
        crowd_begin(&crowd, &service);
        for (int i = 0; i < COUNT; i++)
            (void)crowd_send(&crowd, text, length);
        CU_ASSERT(visit_figure(&visit, "teller_body_bytes") <= BUDGET);
        for (size_t i = 0; i < crowd.count; i++)
            sent += client_send_bytes(crowd.clients[i], " ", 1) == CLIENT_ANSWERED;
        for (size_t i = 0; i < crowd.count; i++) {
            struct response response = {.status = 0};
            if (client_receive(crowd.clients[i], &response) == CLIENT_ANSWERED) {
                read += response.status == 400; /* blanks are not JSON */
                refused += response.status == 503;
            }
        }
        CU_ASSERT_EQUAL(sent, COUNT);
        CU_ASSERT_EQUAL(read + refused, COUNT);
        CU_ASSERT(read > 0 && refused > 0);
        crowd_end(&crowd);
        CU_ASSERT(visit_figure_becomes(&visit, "teller_body_bytes", 0));
    }
    visit_end(&visit);
    CU_ASSERT_EQUAL(service_stop(&service), 0);
    service_remove(&service);
}

/* JSON that takes many times its length to read, while the system has hardly any memory left: an
 * answer that says so, and not the end of the program. */
static void little_memory(void)
{
    if (SANITIZED)
        return; /* it reserves what the test would not leave to it */
    enum { MEMBERS = 500000, SIZE = 16 * MEMBERS, LEFT = 4 << 20, ASKED = 3 };
    struct service service;
    struct visit visit;
    char *body = malloc(SIZE), path[40], line[200];
    size_t kib = 0, short_of = 0, length = 0;
    CU_ASSERT_FATAL(body && service_make(&service, "owner", NULL));
    for (int i = 0; i < MEMBERS; i++)
        length += (size_t)snprintf(body + length, SIZE - length, "%c\"%d\":\"\"", i ? ',' : '{', i);
    snprintf(body + length, SIZE - length, "}");
    visit_begin(&visit, &service);
    CU_ASSERT(visit_fund(&visit, "poor", 5));
    snprintf(path, sizeof path, "/proc/%d/status", (int)service.pid);
    FILE *status = fopen(path, "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(status);
    while (fgets(line, sizeof line, status))
        if (strncmp(line, "VmSize:", 7) == 0)
            kib = strtoul(line + 7, NULL, 10);
    fclose(status);
    struct rlimit before, limit;
    CU_ASSERT_EQUAL_FATAL(prlimit(service.pid, RLIMIT_AS, NULL, &before), 0);
    limit = before;
    limit.rlim_cur = (kib << 10) + LEFT;
    CU_ASSERT_EQUAL_FATAL(prlimit(service.pid, RLIMIT_AS, &limit, NULL), 0);
    for (int i = 0; i < ASKED; i++) {
        visit_post(&visit, "/transfers/batch", NULL, body);
        CU_ASSERT(visit.response.status == 503 || visit.response.status == 400);
        short_of += visit.response.status == 503;
    }
    CU_ASSERT(short_of > 0);
    CU_ASSERT_EQUAL(prlimit(service.pid, RLIMIT_AS, &before, NULL), 0);
    CU_ASSERT(visit_balance_is(&visit, "poor", 5));
    visit_end(&visit);
    CU_ASSERT_EQUAL(service_stop(&service), 0);
    service_remove(&service);
    free(body);
}

/* ---- answers ------------------------------------------------------------------------------- */

/* Answers that are not read have a budget. The next client gets an answer all the same: those that
 * do not read are cut off. */
static void unread_answers(void)
{
    enum { COUNT = 40, BUDGET = 8 << 20 };
    static struct crowd crowd;
    char text[400];
    struct service service;
    struct visit visit;
    CU_ASSERT_FATAL(service_make(&service, "owner",
        (const char *const[]){"--workers", "1", "--max-answer-memory", "8", NULL}));
    visit_begin(&visit, &service);
    crowd_fill_journal(&visit, 20);
    size_t before = service_memory_kib(&service);
    int length = snprintf(text, sizeof text,
        "GET /v1/ledgers/main/journal?limit=1000 HTTP/1.1\r\nHost: localhost\r\n"
        "Authorization: Bearer %s\r\n\r\n",
        service.target.token);
    crowd_begin(&crowd, &service);
    for (int i = 0; i < COUNT; i++)
        (void)crowd_send(&crowd, text, (size_t)length);
    CU_ASSERT(visit_figure_becomes(&visit, "teller_requests_in_flight", COUNT + 1));
    visit_get(&visit, "/journal?limit=1000"); /* behind all of them */
    EXPECT_STATUS(&visit, 200);
    CU_ASSERT(visit_figure(&visit, "teller_answer_bytes") <= BUDGET);
    CU_ASSERT(visit_figure(&visit, "teller_unread_connections_total") > 0);
    CU_ASSERT(service_memory_kib(&service) < before + SERVICE_SLACK_KIB);
    crowd_end(&crowd);
    CU_ASSERT(visit_figure_becomes(&visit, "teller_answer_bytes", 0));
    visit_end(&visit);
    CU_ASSERT_EQUAL(service_stop(&service), 0);
    service_remove(&service);
}

/* ---- requests ------------------------------------------------------------------------------ */

/* A monitor of the service gets an answer when no other client does. */
static void vital_paths(void)
{
    static const char *const paths[] = {"/livez", "/readyz", "/metrics", "/livez?verbose"};
    static struct crowd crowd;
    char text[600];
    struct service service;
    struct visit visit;
    CU_ASSERT_FATAL(service_make(
        &service, "owner", (const char *const[]){"--workers", "1", "--max-requests", "2", NULL}));
    visit_begin(&visit, &service);
    crowd_begin(&crowd, &service);
    size_t length = crowd_half_post(
        service.target.token, "/v1/ledgers/main/transfers", 100, 10, text, sizeof text);
    for (int i = 0; i < 2; i++)
        (void)crowd_send(&crowd, text, length);
    CU_ASSERT_FATAL(visit_figure_becomes(&visit, "teller_requests_in_flight", 3));
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        visit_call(&visit, &(struct request){.path = paths[i], .without_token = true});
        EXPECT_STATUS(&visit, 200);
    }
    visit_get(&visit, "/journal");
    EXPECT_PROBLEM(&visit, 503, "overloaded");
    char timing[64] = "";
    CU_ASSERT(response_header(&visit.response, "Server-Timing", timing, sizeof timing));
    CU_ASSERT_NSTRING_EQUAL(timing, "parse;dur=0.", 12);
    CU_ASSERT(response_header(&visit.response, "X-Request-Id", timing, sizeof timing));
    crowd_end(&crowd);
    CU_ASSERT(visit_figure_becomes(&visit, "teller_requests_in_flight", 1));
    visit_get(&visit, "/journal");
    EXPECT_STATUS(&visit, 200);
    visit_end(&visit);
    service_remove(&service);
}

/* One token does not get all the places. */
static void of_one_token(void)
{
    static struct crowd crowd;
    char text[600];
    struct service service;
    struct visit visit;
    CU_ASSERT_FATAL(service_make(&service, "owner",
        (const char *const[]){"--workers", "1", "--max-requests-per-token", "2", NULL}));
    visit_begin(&visit, &service);
    crowd_begin(&crowd, &service);
    size_t length = crowd_half_post(
        service.target.token, "/v1/ledgers/main/transfers", 100, 10, text, sizeof text);
    for (int i = 0; i < 2; i++)
        (void)crowd_send(&crowd, text, length);
    CU_ASSERT_FATAL(visit_figure_becomes(&visit, "teller_requests_in_flight", 3));
    visit_get(&visit, "/journal");
    EXPECT_PROBLEM(&visit, 429, "too_many_requests");
    CU_ASSERT(visit_header_is(&visit, "Retry-After", "1"));
    visit_call(&visit, &(struct request){.path = "/openapi.json", .without_token = true});
    EXPECT_STATUS(&visit, 200);
    crowd_end(&crowd);
    CU_ASSERT(visit_figure_becomes(&visit, "teller_requests_in_flight", 1));
    visit_get(&visit, "/journal");
    EXPECT_STATUS(&visit, 200);
    visit_end(&visit);
    service_remove(&service);
}

/* ---- connections --------------------------------------------------------------------------- */

/* Connections that rest between two requests make room for others. */
static void idle_ones_make_room(void)
{
    enum { COUNT = 400 };
    static const char ask[] = "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n";
    static struct crowd crowd;
    struct service service;
    struct visit visit;
    CU_ASSERT_FATAL(service_make(&service, "owner",
        (const char *const[]){"--workers", "1", "--max-connections", "8", NULL}));
    crowd_begin(&crowd, &service);
    for (int i = 0; i < COUNT; i++) {
        struct response response = {.status = 0};
        struct client *client = crowd_send(&crowd, ask, sizeof ask - 1);
        CU_ASSERT_EQUAL_FATAL(client_receive(client, &response), CLIENT_ANSWERED);
        CU_ASSERT_EQUAL(response.status, 200);
    }
    visit_begin(&visit, &service);
    CU_ASSERT(visit_fund(&visit, "late", 1));
    CU_ASSERT(visit_figure(&visit, "teller_evicted_connections_total") > 0);
    crowd_end(&crowd);
    CU_ASSERT(visit_figure_becomes(&visit, "teller_http_connections", 1));
    visit_end(&visit);
    service_remove(&service);
}

/* One address has a fixed number and no more, unless it is a proxy's. */
static void of_one_address(void)
{
    enum { LIMIT = 20 };
    static const char ask[] = "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n";
    static const char *const others[] = {"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"};
    static struct crowd crowd;
    char text[600];
    struct service service;
    struct visit visit;
    struct raw *raw = malloc(sizeof *raw);
    CU_ASSERT_FATAL(
        raw && service_make(&service, "owner",
                   (const char *const[]){"--workers", "1", "--max-connections-per-address", "20",
                       "--trusted-addresses", "10.0.0.0/8,fd00::/8", NULL}));
    visit_begin(&visit, &service);
    CU_ASSERT_FATAL(visit_figure_becomes(&visit, "teller_http_connections", 1));
    crowd_begin(&crowd, &service);
    size_t length = crowd_half_post(
        service.target.token, "/v1/ledgers/main/transfers", 100, 10, text, sizeof text);
    for (int i = 1; i < LIMIT; i++)
        (void)crowd_send(&crowd, text, length);
    CU_ASSERT_FATAL(visit_figure_becomes(&visit, "teller_requests_in_flight", LIMIT));
    raw->say_no_more = false;
    raw_ask(&service, ask, sizeof ask - 1, raw);
    CU_ASSERT(raw_is_refusal(raw, 429));
    CU_ASSERT_PTR_NOT_NULL(strstr(raw->text, "\r\nRetry-After: 1\r\n"));
    /* Whatever they ask for: it is not the request that is one too many. */
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        raw_ask(&service, others[i], strlen(others[i]), raw);
        CU_ASSERT(raw_is_refusal(raw, 429));
    }
    crowd_end(&crowd);
    CU_ASSERT_FATAL(visit_figure_becomes(&visit, "teller_http_connections", 1));
    raw->say_no_more = true;
    raw_ask(&service, ask, sizeof ask - 1, raw);
    CU_ASSERT_EQUAL(raw->status, 200);
    visit_end(&visit);
    service_remove(&service);
    free(raw);
}

const struct unit_suite resources_suite = {"resources", 2,
    (const struct unit_test[]){{"half_sent_without_token", half_sent_without_token},
        {"judged_at_the_head", judged_at_the_head}, {"dripping_batches", dripping_batches},
        {"budget_for_bodies", budget_for_bodies}, {"little_memory", little_memory},
        {"unread_answers", unread_answers}, {"vital_paths", vital_paths},
        {"of_one_token", of_one_token}, {"idle_ones_make_room", idle_ones_make_room},
        {"of_one_address", of_one_address}, {0}}};
