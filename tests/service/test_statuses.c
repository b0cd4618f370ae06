/* SPDX-License-Identifier: MIT */
/* Each operation of openapi.json is refused as it says: for everything that any request can have
 * wrong, whatever it is about, one that has that. */
#include "tests/service/suites.h"

#include <stdio.h>
#include <string.h>

#include "tests/service/fault.h"

enum { PATH = 200 };

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

/* A path of the description, with something that is not there in its places. */
static void fill(struct json_view path, char to[PATH])
{
    size_t length = 0;
    for (size_t i = 0; i < path.length && length + 20 < PATH; i++) {
        const char *in = path.at + i;
        if (*in != '{') {
            to[length++] = *in;
            continue;
        }
        const char *what = strncmp(in, "{ledger}", 8) == 0    ? "main"
                           : strncmp(in, "{account}", 9) == 0 ? "no-1"
                                                              : "999999";
        length += (size_t)snprintf(to + length, PATH - length, "%s", what);
        while (path.at[i] != '}')
            i++;
    }
    to[length] = '\0';
}

static void check_operation(struct fault_sender *sender, struct json_view operation,
    const char *method, const char *path, unsigned among)
{
    struct json_view responses = json_view_member(operation, "responses");
    struct fault_route route = {.method = method, .path = path};
    if (json_view_member(operation, "requestBody").at)
        route.body = "{}";
    route.faults = faults_of(operation, method, path);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].faults & route.faults & among && json_view_member(responses, rows[i].status).at)
            fault_expect(sender, &route, rows[i].faults);
    /* Who asks too often is told so wherever he is counted. */
    if (BIT(OF_ADDRESS) & route.faults & among)
        fault_expect(sender, &route, BIT(OF_ADDRESS));
}

/* Each operation of the description, with these faults. */
static void walk(struct fault_sender *sender, unsigned among)
{
    static const char *const methods[][2] = {
        {"get", "GET"}, {"post", "POST"}, {"delete", "DELETE"}};
    static char document[400000];
    struct visit *visit = &sender->visit;
    int tries = 100; /* whoever made tokens has asked a moment ago */
    do
        visit_get(visit, "/openapi.json");
    while (visit->response.status == 429 && --tries > 0);
    EXPECT_STATUS(visit, 200);
    CU_ASSERT_FATAL(visit->response.body_length < sizeof document);
    memcpy(document, visit->response.body, visit->response.body_length);
    struct json_view all = json_view_read(document, visit->response.body_length);
    struct json_view_walk paths = {.rest = json_view_member(all, "paths")};
    struct json_view name, item;
    size_t operations = 0;
    while (json_view_next_member(&paths, &name, &item))
        for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
            struct json_view operation = json_view_member(item, methods[i][0]);
            char path[PATH];
            fill(name, path);
            if (operation.at)
                check_operation(sender, operation, methods[i][1], path, among);
            operations += operation.at != NULL;
        }
    CU_ASSERT(operations > 40);
}

static void of_any_request(void)
{
    static struct fault_sender sender;
    const struct service *service = service_shared("owner");
    CU_ASSERT_PTR_NOT_NULL_FATAL(service);
    fault_begin(&sender, service);
    walk(&sender, ~ROOM);
    fault_end(&sender);
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
