/* SPDX-License-Identifier: MIT */
/* Each operation of openapi.json is refused as it says: for everything that any request can have
 * wrong, whatever it is about, one that has that. */
#include "tests/service/suites.h"

#include <string.h>

#include "tests/service/fault.h"
#include "tests/service/operations.h"

#define BIT(name) FAULT_BIT(name)

/* What is wrong, of those that the request can have, where this status is described. */
static const struct {
    const char *status;
    unsigned faults;
} rows[] = {
    {"400", BIT(FORM)},
    {"400", BIT(BAD_ESCAPE)},
    {"400", BIT(PARAMETER)},
    {"401", BIT(NO_TOKEN)},
    {"403", BIT(FOREIGN)},
    {"403", BIT(SCOPE)},
    {"403", BIT(BOUND)},
    {"404", BIT(NO_LEDGER)},
    {"413", BIT(TOO_LARGE)},
    {"414", BIT(LONG_TARGET)},
    {"415", BIT(TYPE)},
    {"417", BIT(EXPECT)},
    {"429", BIT(OF_TOKEN)},
    {"431", BIT(LARGE_HEADERS)},
    {"503", BIT(NO_PLACE)},
    {"505", BIT(VERSION)},
};

/* Where the service is a narrow one, and only there. */
#define ROOM (BIT(NO_PLACE) | BIT(OF_ADDRESS))

/* What a request to it can have wrong. */
static unsigned faults_of(struct json_view operation, const char *method, const char *path)
{
    struct json_view scope = json_view_member(operation, "x-scope"),
                     reach = json_view_member(operation, "x-reach");
    bool has_body = json_view_member(operation, "requestBody").at;
    bool is_probe = strcmp(path, "/livez") == 0 || strcmp(path, "/readyz") == 0 ||
                    strcmp(path, "/metrics") == 0;
    unsigned faults =
        BIT(FORM) | BIT(LONG_TARGET) | BIT(EXPECT) | BIT(LARGE_HEADERS) | BIT(VERSION);
    if (!is_probe)
        faults |= ROOM;
    if (strncmp(path, "/v1/", 4) == 0)
        faults |= BIT(BAD_ESCAPE) | BIT(PARAMETER) | BIT(NO_TOKEN) | BIT(OF_TOKEN);
    if (json_view_is(scope, "admin") || json_view_is(scope, "write"))
        faults |= BIT(SCOPE);
    if (scope.at && !json_view_is(reach, "any") && !json_view_is(reach, "ledgers") &&
        !json_view_is(reach, "between")) /* of which the body tells */
        faults |= BIT(BOUND);
    if (strncmp(path, "/v1/ledgers/", 12) == 0)
        faults |= BIT(NO_LEDGER);
    if (strcmp(method, "GET") != 0)
        faults |= BIT(FOREIGN);
    if (has_body)
        faults |= BIT(TYPE) | BIT(TOO_LARGE);
    return faults;
}

struct check {
    struct fault_sender *sender;
    unsigned among; /* only these faults */
};

static void check_operation(const struct operation *operation, void *arg)
{
    const struct check *check = arg;
    struct fault_route route = {.method = operation->method, .path = operation->path};
    if (json_view_member(operation->described, "requestBody").at)
        route.body = "{}";
    check->sender->headers = operations_are_of_servers(operation) ? "Teller-Hop: 1\r\n" : NULL;
    route.faults = faults_of(operation->described, operation->method, operation->path);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].faults & route.faults & check->among &&
            operations_have(operation, rows[i].status) &&
            !(rows[i].faults & BIT(NO_LEDGER) && operations_are_of_servers(operation)))
            fault_expect(check->sender, &route, rows[i].faults);
    /* Who asks too often is told so wherever he is counted. */
    if (BIT(OF_ADDRESS) & route.faults & check->among)
        fault_expect(check->sender, &route, BIT(OF_ADDRESS));
}

/* Each operation of the description, with these faults. */
static void walk(struct fault_sender *sender, unsigned among)
{
    struct check check = {sender, among};
    operations_walk(&sender->visit, check_operation, &check);
}

static void of_any_request(void)
{
    static struct service service;
    static struct fault_sender sender;
    CU_ASSERT_FATAL(service_make(
        &service, "owner", (const char *const[]){"--cluster-control", "/bin/true", NULL}));
    fault_begin(&sender, &service);
    walk(&sender, ~ROOM);
    fault_end(&sender);
    service_remove(&service);
}

static void where_there_is_no_room(void)
{
    static struct service service;
    static struct fault_sender sender;
    CU_ASSERT_FATAL(fault_narrow_service(&service));
    fault_begin(&sender, &service);
    walk(&sender, ROOM);
    fault_end(&sender);
    service_remove(&service);
}

const struct unit_suite statuses_suite = {"statuses", 2,
    (const struct unit_test[]){{"of_any_request", of_any_request},
        {"where_there_is_no_room", where_there_is_no_room}, {0}}};
