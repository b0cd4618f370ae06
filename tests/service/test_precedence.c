/* SPDX-License-Identifier: MIT */
/* Of several faults in one request the first of the documented order is the answer: each pair of
 * them, at every class of route. The order is that of server/README.md. */
#include "tests/service/suites.h"

#include <stdio.h>
#include <string.h>

#include "coro/clock.h"
#include "tests/service/visit.h"

/* In their order. */
enum fault {
    BAD_ESCAPE,
    NO_PATH,
    NO_METHOD,
    FOREIGN,
    NO_TOKEN,
    SCOPE,
    NO_LEDGER,
    TYPE,
    TOO_LARGE,
    PARAMETER,
    KEY,
    JSON,
    MEMBER,
    FAULTS
};

static const struct {
    int status;
    const char *says; /* stands in the problem */
} answers[FAULTS] = {
    [BAD_ESCAPE] = {400, "\"code\":\"bad_request\""},
    [NO_PATH] = {404, "\"code\":\"not_found\""},
    [NO_METHOD] = {405, "\"code\":\"method_not_allowed\""},
    [FOREIGN] = {403, "A page of another origin sent this request"},
    [NO_TOKEN] = {401, "\"code\":\"unauthorized\""},
    [SCOPE] = {403, "\"title\":\"The token's scope does not allow this.\""},
    [NO_LEDGER] = {404, "\"code\":\"ledger_not_found\""},
    [TYPE] = {415, "\"code\":\"unsupported_media_type\""},
    [TOO_LARGE] = {413, "\"code\":\"payload_too_large\""},
    [PARAMETER] = {400, "\"member\":\"nonsense\""},
    [KEY] = {400, "\"member\":\"Idempotency-Key\""},
    [JSON] = {400, "\"code\":\"invalid_json\""},
    [MEMBER] = {400, "\"member\":\"strange\""},
};

#define BIT(fault) (1U << (fault))
#define ANY (BIT(NO_PATH) | BIT(NO_METHOD))
#define API (ANY | BIT(BAD_ESCAPE) | BIT(NO_TOKEN) | BIT(PARAMETER))
#define POST (API | BIT(FOREIGN) | BIT(TYPE) | BIT(TOO_LARGE) | BIT(JSON) | BIT(MEMBER))
#define OF_LEDGER BIT(NO_LEDGER)
#define MOVE (POST | OF_LEDGER | BIT(SCOPE) | BIT(KEY))

/* One of each class; what is right of it meets a rule of the ledger, where there is one. */
static const struct route {
    const char *method, *path, *body;
    unsigned faults; /* that it can have */
    int status;      /* without any */
    const char *says;
} routes[] = {
    {"POST", "/v1/ledgers/main/transfers", "{\"from\":\"no-1\",\"to\":\"no-2\",\"amount\":1}", MOVE,
        404, "\"code\":\"account_not_found\""},
    {"POST", "/v1/ledgers/main/transfers/batch", "{\"transfers\":[{\"from\":\"no-1\"}]}", MOVE, 400,
        "\"member\":\"transfers[0].to\""},
    {"POST", "/v1/ledgers/main/accounts/no-1/deposit", "{\"amount\":1}", MOVE, 404,
        "\"code\":\"account_not_found\""},
    {"POST", "/v1/ledgers/main/holds", "{\"from\":\"no-1\",\"to\":\"no-2\",\"amount\":1}", MOVE,
        404, "\"code\":\"account_not_found\""},
    {"POST", "/v1/ledgers/main/holds/999999/release", "{}", MOVE, 404,
        "\"code\":\"hold_not_found\""},
    {"POST", "/v1/ledgers/main/transfers/999999/reverse", "{}", MOVE, 404,
        "\"code\":\"transfer_not_found\""},
    {"POST", "/v1/ledgers/main/accounts", "{\"id\":\"a\"}", POST | OF_LEDGER | BIT(SCOPE), 400,
        "\"member\":\"asset\""},
    {"POST", "/v1/ledgers/main/accounts/no-1/freeze", "{}", POST | OF_LEDGER | BIT(SCOPE), 404,
        "\"code\":\"account_not_found\""},
    {"POST", "/v1/ledgers", "{\"name\":\"a b\"}", POST | BIT(SCOPE), 400, "\"member\":\"name\""},
    {"POST", "/v1/lab/runs", "{\"scenario\":\"none\"}", POST, 400, "\"code\":\"invalid_request\""},
    {"GET", "/v1/ledgers/main/accounts", NULL, API | OF_LEDGER, 200, "\"items\""},
    {"GET", "/v1/ledgers/main/accounts/no-1", NULL, API | OF_LEDGER, 404,
        "\"code\":\"account_not_found\""},
    {"GET", "/v1/ledgers/main/accounts/no-1/entries", NULL, API | OF_LEDGER, 404,
        "\"code\":\"account_not_found\""},
    {"GET", "/v1/ledgers/main/transfers/999999", NULL, API | OF_LEDGER, 404,
        "\"code\":\"transfer_not_found\""},
    {"GET", "/v1/ledgers/main/journal", NULL, API | OF_LEDGER, 200, "\"items\""},
    {"GET", "/v1/ledgers/main", NULL, API | OF_LEDGER, 200, "\"name\""},
    {"GET", "/v1/ledgers", NULL, API, 200, "\"items\""},
    {"GET", "/livez", NULL, ANY, 200, ""},
    {"GET", "/metrics", NULL, ANY, 200, "teller_"},
    {"GET", "/openapi.json", NULL, ANY, 200, "\"openapi\""},
};

struct sender {
    struct visit visit;
    const char *token; /* what may do all */
    char reader[128];  /* what may only read */
};

/* The path with its faults: another ledger, more parts, a bad query. */
static void write_path(const struct route *route, unsigned has, char *to, size_t size)
{
    static const char ledger[] = "/v1/ledgers/main";
    bool other = has & BIT(NO_LEDGER);
    size_t skip = other ? sizeof ledger - 1 : 0;
    snprintf(to, size, "%s%s%s%s%s%s", other ? "/v1/ledgers/other-1" : "", route->path + skip,
        has & BIT(NO_PATH) ? "/no/such" : "", has & (BIT(BAD_ESCAPE) | BIT(PARAMETER)) ? "?" : "",
        has & BIT(PARAMETER) ? "nonsense=1&" : "", has & BIT(BAD_ESCAPE) ? "a=%zz" : "");
}

static size_t write_request(
    const struct sender *sender, const struct route *route, unsigned has, char *to, size_t size)
{
    char path[200], length[80] = "";
    const char *body = !route->body                             ? ""
                       : (has & BIT(JSON)) && has & BIT(MEMBER) ? "{\"strange\":1,"
                       : has & BIT(JSON)                        ? "{"
                       : has & BIT(MEMBER)                      ? "{\"strange\":1}"
                                                                : route->body;
    write_path(route, has, path, sizeof path);
    /* What is announced is never sent: the answer comes first. */
    if (has & BIT(TOO_LARGE))
        snprintf(length, sizeof length, "Content-Length: 99999999\r\nExpect: 100-continue\r\n");
    else if (route->body)
        snprintf(length, sizeof length, "Content-Length: %zu\r\n", strlen(body));
    int written = snprintf(to, size, "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s%s%s%s%s%s%s%s\r\n%s",
        has & BIT(NO_METHOD) ? "PATCH" : route->method, path,
        has & BIT(FOREIGN) ? "Sec-Fetch-Site: cross-site\r\n" : "",
        has & BIT(NO_TOKEN) ? "" : "Authorization: Bearer ",
        has & BIT(NO_TOKEN) ? ""
        : has & BIT(SCOPE)  ? sender->reader
                            : sender->token,
        has & BIT(NO_TOKEN) ? "" : "\r\n", !route->body ? "" : "Content-Type: ",
        !route->body      ? ""
        : has & BIT(TYPE) ? "text/plain\r\n"
                          : "application/json\r\n",
        has & BIT(KEY) ? "Idempotency-Key: \"\r\n" : "", length, has & BIT(TOO_LARGE) ? "" : body);
    CU_ASSERT_FATAL(written > 0 && (size_t)written < size);
    return (size_t)written;
}

static void expect(struct sender *sender, const struct route *route, unsigned has)
{
    char text[1200];
    struct visit *visit = &sender->visit;
    int status = route->status;
    const char *says = route->says;
    for (int fault = FAULTS - 1; fault >= 0; fault--)
        if (has & BIT(fault)) {
            status = answers[fault].status;
            says = answers[fault].says;
        }
    size_t length = write_request(sender, route, has, text, sizeof text);
    CU_ASSERT_EQUAL_FATAL(client_send_bytes(visit->client, text, length), CLIENT_ANSWERED);
    visit->got = client_receive(visit->client, &visit->response);
    CU_ASSERT_EQUAL_FATAL(visit->got, CLIENT_ANSWERED);
    bool right = visit->response.status == status &&
                 memmem(visit->response.body, visit->response.body_length, says, strlen(says));
    if (!right) {
        printf("\n    %s %s with %x: %s", route->method, route->path, has, says);
        visit_print(visit, status);
    }
    CU_ASSERT(right);
    if (has & BIT(TOO_LARGE)) /* the rest is not to be taken for a request */
        client_close(visit->client);
}

static void each_pair(const char *strategy)
{
    struct sender sender;
    const struct service *service = service_shared(strategy);
    visit_begin_shared(&sender.visit, strategy);
    sender.token = service->target.token;
    visit_post(&sender.visit, "/v1/tokens", NULL, "{\"scope\":\"read\",\"name\":\"precedence\"}");
    EXPECT_STATUS(&sender.visit, 201);
    CU_ASSERT_FATAL(json_view_copy(
        json_view_member(sender.visit.body, "token"), sender.reader, sizeof sender.reader));
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++)
        for (int one = 0; one < FAULTS; one++)
            for (int other = one; other < FAULTS; other++) {
                unsigned has = BIT(one) | BIT(other);
                /* A token is missing, or may do too little. */
                bool apart = (has & BIT(NO_TOKEN)) && (has & BIT(SCOPE));
                if ((has & routes[i].faults) == has && !apart)
                    expect(&sender, &routes[i], has);
            }
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++)
        expect(&sender, &routes[i], 0);
    visit_end(&sender.visit);
}
BOTH_STRATEGIES(each_pair)

const struct unit_suite precedence_suite = {
    "precedence", 2, (const struct unit_test[]){BOTH_ROWS(each_pair), {0}}};
