/* SPDX-License-Identifier: MIT */
/* Of several faults in one request the first of the documented order is the answer: each pair of
 * them, at every class of route. The order is that of server/README.md. */
#include "tests/service/suites.h"

#include "coro/clock.h"
#include "coro/co.h"
#include "tests/service/bearer.h"
#include "tests/service/fault.h"
#include "tests/service/sse.h"
#include "tests/service/standby.h"

#define BIT(name) FAULT_BIT(name)
/* Of HTTP itself: whoever sends it, wherever to, and be there room or not. */
#define HTTP (BIT(VERSION) | BIT(LONG_TARGET) | BIT(FORM) | BIT(EXPECT) | BIT(LARGE_HEADERS))
#define PROBE (HTTP | BIT(NO_PATH) | BIT(NO_METHOD))
#define ROOM (BIT(NO_PLACE) | BIT(OF_ADDRESS))
/* What only a service with narrow limits has. */
#define NARROW (ROOM | BIT(UNSURE) | BIT(IN_WORK))
#define ANY (PROBE | ROOM)
#define API (ANY | BIT(BAD_ESCAPE) | BIT(NO_TOKEN) | BIT(OF_TOKEN) | BIT(IN_WORK) | BIT(PARAMETER))
#define BODY (API | BIT(UNSURE) | BIT(FOREIGN) | BIT(TYPE) | BIT(TOO_LARGE))
#define POST (BODY | BIT(JSON) | BIT(NO_OBJECT) | BIT(MEMBER))
#define OF_LEDGER (BIT(NO_LEDGER) | BIT(BOUND))
#define SERVICE (POST | BIT(SCOPE) | BIT(BOUND))
#define LIST (API | BIT(VALUE))
#define MOVE (POST | OF_LEDGER | BIT(SCOPE) | BIT(KEY))

/* One of each class; what is right of it meets a rule of the ledger, where there is one. */
static const struct fault_route routes[] = {
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
    {"GET", "/v1/ledgers/main/accounts", NULL, LIST | OF_LEDGER, 200, "\"items\""},
    {"GET", "/v1/ledgers/main/accounts/no-1", NULL, API | OF_LEDGER, 404,
        "\"code\":\"account_not_found\""},
    {"GET", "/v1/ledgers/main/accounts/no-1/entries", NULL, LIST | OF_LEDGER, 404,
        "\"code\":\"account_not_found\""},
    {"GET", "/v1/ledgers/main/transfers/999999", NULL, API | OF_LEDGER, 404,
        "\"code\":\"transfer_not_found\""},
    {"GET", "/v1/ledgers/main/journal", NULL, LIST | OF_LEDGER, 200, "\"items\""},
    {"GET", "/v1/ledgers/main", NULL, API | OF_LEDGER, 200, "\"name\""},
    {"GET", "/v1/ledgers", NULL, LIST, 200, "\"items\""},
    {"POST", "/v1/ledgers/main/audits", "{}", SERVICE | OF_LEDGER, 202, "\"running\""},
    {"POST", "/v1/ledgers/main/owner", "{}", SERVICE | OF_LEDGER, 400, "\"member\":\"server\""},
    {"GET", "/v1/ledgers/main/events?after=999999999", NULL, API | OF_LEDGER, 409,
        "\"code\":\"position_ahead\""},
    /* A retry between ledgers is known by its key alone. */
    {"POST", "/v1/transfers", "{}", BODY | BIT(SCOPE) | BIT(KEY), 400,
        "\"member\":\"Idempotency-Key\""},
    {"GET", "/v1/transfers", NULL, API, 400, "\"member\":\"ledger\""},
    /* Only servers ask this of each other. */
    {"POST", "/v1/ledgers/main/arrivals", "{}", ANY | BIT(BAD_ESCAPE) | BIT(FOREIGN), 404,
        "\"code\":\"hold_not_found\""},
    {"GET", "/v1/tokens", NULL, LIST | BIT(SCOPE) | BIT(BOUND), 200, "\"items\""},
    {"POST", "/v1/tokens", "{}", SERVICE, 400, "\"member\":\"scope\""},
    {"GET", "/v1/tokens/acts", NULL, LIST | BIT(SCOPE) | BIT(BOUND), 200, "\"items\""},
    {"GET", "/v1/tokens/999999", NULL, API | BIT(SCOPE) | BIT(BOUND), 404,
        "\"code\":\"token_not_found\""},
    {"DELETE", "/v1/tokens/999999", NULL, API | BIT(SCOPE) | BIT(BOUND) | BIT(FOREIGN), 404,
        "\"code\":\"token_not_found\""},
    {"POST", "/v1/tokens/999999/rotate", "{}", SERVICE, 404, "\"code\":\"token_not_found\""},
    {"POST", "/v1/session", "{}", POST, 204, ""},
    {"DELETE", "/v1/session", NULL, API | BIT(FOREIGN), 204, ""},
    {"GET", "/v1/servers", NULL, API | BIT(BOUND), 200, "\"servers\""},
    {"GET", "/v1/coroutines", NULL, API | BIT(SCOPE) | BIT(BOUND), 200, ""},
    {"GET", "/livez", NULL, PROBE, 200, ""},
    {"GET", "/metrics", NULL, PROBE, 200, "teller_"},
    {"GET", "/openapi.json", NULL, ANY, 200, "\"openapi\""},
};

/* Pairs of which one is among these, at all routes that can have them. */
static void send_pairs(struct fault_sender *sender, unsigned ones, unsigned others)
{
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++)
        for (enum fault one = 0; one < FAULTS; one++)
            for (enum fault other = one; other < FAULTS; other++) {
                unsigned has = 1U << one | 1U << other;
                if (ones & 1U << one && others & 1U << other && (has & routes[i].faults) == has &&
                    fault_go_together(has))
                    fault_expect(sender, &routes[i], has);
            }
}

static void each_pair(const char *strategy)
{
    static struct fault_sender sender;
    const struct service *service = service_shared(strategy);
    CU_ASSERT_PTR_NOT_NULL_FATAL(service);
    fault_begin(&sender, service);
    send_pairs(&sender, ~NARROW, ~NARROW);
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++)
        fault_expect(&sender, &routes[i], 0);
    fault_end(&sender);
}
BOTH_STRATEGIES(each_pair)

/* What the service has too much of, beside whatever else is wrong: its places and the address, then
 * bodies of tokens that may be new, and what a token has in work. A body that was only announced is
 * waited for where there is no place, so it is not among the pairs. */
static void where_there_is_no_room(void)
{
    static struct service service;
    static struct fault_sender sender;
    CU_ASSERT_FATAL(fault_narrow_service(&service));
    fault_begin(&sender, &service);
    send_pairs(&sender, BIT(NO_PLACE), ~(HTTP | BIT(TOO_LARGE)));
    send_pairs(&sender, BIT(OF_ADDRESS), ~HTTP);
    fault_end(&sender);
    service_remove(&service);
}

static void where_a_token_has_too_much(void)
{
    static struct service service;
    static struct fault_sender sender;
    CU_ASSERT_FATAL(service_make(&service, "owner",
        (const char *const[]){"--workers", "1", "--max-requests-per-token", "1", NULL}));
    fault_begin(&sender, &service);
    send_pairs(&sender, ~ROOM, BIT(UNSURE) | BIT(IN_WORK));
    send_pairs(&sender, BIT(UNSURE) | BIT(IN_WORK), ~ROOM);
    fault_end(&sender);
    service_remove(&service);
}

/* Each fault that the route can have, alone, beside what is wrong with all that is asked of it. */
static void send_each(struct fault_sender *sender, const struct fault_route *route)
{
    fault_expect(sender, route, 0);
    for (enum fault one = 0; one < FAULTS; one++)
        if (route->faults & 1U << one)
            fault_expect(sender, route, 1U << one);
}

/* What the request alone has wrong, where all else is as it should be. */
#define OWN ~(NARROW)
#define EVENTS "/v1/ledgers/main/events"

/* What is wrong with the request itself is told before there is no room for its stream; and of
 * that, what the token has too much of before what all have. */
static void where_no_stream_has_room(void)
{
    static const struct fault_route ahead = {"GET", EVENTS "?after=999999999", NULL,
        (API | OF_LEDGER) & OWN, 409, "\"code\":\"position_ahead\""};
    static const struct fault_route of_token = {"GET", EVENTS, NULL, (API | OF_LEDGER) & OWN, 429,
        "Too many streams are open with this token"};
    static const struct fault_route of_all = {
        "GET", EVENTS, NULL, (API | OF_LEDGER) & OWN, 503, "Too many streams are open, or"};
    static struct sse streams[2];
    static struct service service;
    static struct fault_sender sender;
    CU_ASSERT_FATAL(service_make(&service, "owner",
        (const char *const[]){
            "--workers", "1", "--max-streams", "2", "--max-streams-per-token", "1", NULL}));
    fault_begin(&sender, &service);
    const struct service other = bearer_service(&service, sender.slow_reader);
    CU_ASSERT_FATAL(sse_open(&streams[0], &service, -1, -1));
    CU_ASSERT_FATAL(sse_open(&streams[1], &other, -1, -1));
    send_each(&sender, &ahead);
    send_each(&sender, &of_token);
    sender.token = sender.reader; /* which has none */
    send_each(&sender, &of_all);
    for (int i = 0; i < 2; i++)
        sse_close(&streams[i]);
    fault_end(&sender);
    service_remove(&service);
}

/* The database is away: what is asked of it, and a token that only it can know, is 503, behind all
 * that is wrong with the request itself, and before what is looked at later. */
static void where_the_database_is_away(void)
{
    static const char says[] = "\"code\":\"unavailable\"";
    static const struct fault_route rows[] = {
        {"POST", "/v1/tokens", "{\"scope\":\"read\"}", SERVICE & OWN, 503, says},
        {"GET", "/v1/tokens", NULL, (LIST | BIT(SCOPE) | BIT(BOUND)) & OWN, 503, says},
        {"DELETE", "/v1/tokens/1", NULL, (API | BIT(SCOPE) | BIT(BOUND)) & OWN, 503, says},
        {"POST", "/v1/tokens/1/rotate", "{}", SERVICE & OWN, 503, says},
        {"POST", "/v1/ledgers", "{\"name\":\"new\"}", (POST | BIT(SCOPE)) & OWN, 503, says},
        {"POST", "/v1/ledgers/main/transfers", "{\"from\":\"no-1\",\"to\":\"no-2\",\"amount\":1}",
            (SERVICE | BIT(KEY)) & OWN, 503, says},
        {"GET", "/v1/ledgers/main/accounts/no-1", NULL, (API | BIT(BOUND)) & OWN, 503, says},
    };
    static struct service host, service; /* the host lends its PostgreSQL */
    static struct fault_sender sender;
    char url[STANDBY_URL];
    CU_ASSERT_FATAL(standby_host(&host, "owner", url));
    standby_prepare(&service, "owner", url);
    CU_ASSERT_FATAL(service_run(&service));
    fault_begin(&sender, &service);
    sender.headers = "Prefer: wait=1\r\n";
    CU_ASSERT_EQUAL(service_stop(&host), 0);
    /* Of the first nobody knows whether it got there before the end. */
    visit_post(&sender.visit, "/v1/tokens", NULL, "{\"scope\":\"read\"}");
    /* Memory may be told from as long as the lease is good. */
    do {
        co_sleep(CO_CLOCK_S / 5);
        visit_get(&sender.visit, "/accounts/no-1");
    } while (sender.visit.response.status == 404);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        send_each(&sender, &rows[i]);
        for (enum fault one = 0; one < FAULTS; one++)
            if (rows[i].faults & 1U << one && fault_go_together(1U << one | BIT(UNKNOWN)))
                fault_expect(&sender, &rows[i], 1U << one | BIT(UNKNOWN));
    }
    fault_end(&sender);
    service_remove(&service);
    service_remove(&host);
}

const struct unit_suite precedence_suite = {"precedence", 2,
    (const struct unit_test[]){BOTH_ROWS(each_pair),
        {"where_there_is_no_room", where_there_is_no_room},
        {"where_a_token_has_too_much", where_a_token_has_too_much},
        {"where_no_stream_has_room", where_no_stream_has_room},
        {"where_the_database_is_away", where_the_database_is_away}, {0}}};
