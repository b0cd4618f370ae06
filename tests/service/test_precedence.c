/* SPDX-License-Identifier: MIT */
/* Of several faults in one request the first of the documented order is the answer: each pair of
 * them, at every class of route. The order is that of server/README.md. */
#include "tests/service/suites.h"

#include "tests/service/fault.h"

#define BIT(name) FAULT_BIT(name)
/* Of HTTP itself: whoever sends it, wherever to, and be there room or not. */
#define HTTP (BIT(VERSION) | BIT(LONG_TARGET) | BIT(FORM) | BIT(EXPECT) | BIT(LARGE_HEADERS))
#define PROBE (HTTP | BIT(NO_PATH) | BIT(NO_METHOD))
#define ROOM (BIT(NO_PLACE) | BIT(OF_ADDRESS))
/* What only a service with narrow limits has. */
#define NARROW (ROOM | BIT(UNSURE) | BIT(IN_WORK))
#define ANY (PROBE | ROOM)
#define API (ANY | BIT(BAD_ESCAPE) | BIT(NO_TOKEN) | BIT(OF_TOKEN) | BIT(IN_WORK) | BIT(PARAMETER))
#define POST                                                                                       \
    (API | BIT(UNSURE) | BIT(FOREIGN) | BIT(TYPE) | BIT(TOO_LARGE) | BIT(JSON) | BIT(NO_OBJECT) |  \
        BIT(MEMBER))
#define OF_LEDGER (BIT(NO_LEDGER) | BIT(BOUND))
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

const struct unit_suite precedence_suite = {"precedence", 2,
    (const struct unit_test[]){BOTH_ROWS(each_pair),
        {"where_there_is_no_room", where_there_is_no_room},
        {"where_a_token_has_too_much", where_a_token_has_too_much}, {0}}};
