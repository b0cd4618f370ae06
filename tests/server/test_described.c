/* SPDX-License-Identifier: MIT */
/*
 * The router and the document that we serve, walked both ways: each route is described, with its
 * scope, its reach and its query parameters, and nothing is described that is no route.
 */
#include <stdio.h>
#include <string.h>

#include "ledger/embed.h"
#include "loadtest/json_view.h"
#include "server/api/route.h"
#include "tests/server/suites.h"

enum { TEXT = 400 };

static const char *const methods[] = {
    [REQUEST_GET] = "get", [REQUEST_POST] = "post", [REQUEST_DELETE] = "delete"};
static const char *const scopes[] = {
    [TOKEN_NONE] = "none", [TOKEN_READ] = "read", [TOKEN_WRITE] = "write", [TOKEN_ADMIN] = "admin"};
static const char *const reaches[] = {[ROUTE_SERVICE] = "service",
    [ROUTE_ANY] = "any",
    [ROUTE_LEDGERS] = "ledgers",
    [ROUTE_LEDGER] = "ledger",
    [ROUTE_ACCOUNT] = "account",
    [ROUTE_TOUCHED] = "touched",
    [ROUTE_BETWEEN] = "between"};

static struct json_view document(void)
{
    return json_view_read((const char *)embed_api[0].data, embed_api[0].size);
}

/* The page and its files are not of the API. */
static bool is_page(const struct route *route)
{
    return strcmp(route->pattern, "/docs") == 0 || strcmp(route->pattern, "/lab") == 0 ||
           strstr(route->pattern, "{file}");
}

static struct json_view operation_of(const struct route *route)
{
    struct json_view paths = json_view_member(document(), "paths");
    return json_view_member(json_view_member(paths, route->pattern), methods[route->method]);
}

/* The parameter itself, where a reference stands for it. */
static struct json_view resolved(struct json_view parameter)
{
    static const char where[] = "#/components/parameters/";
    char reference[TEXT];
    if (!json_view_copy(json_view_member(parameter, "$ref"), reference, sizeof reference))
        return parameter;
    CU_ASSERT_FATAL(strncmp(reference, where, sizeof where - 1) == 0);
    struct json_view components = json_view_member(document(), "components");
    return json_view_member(
        json_view_member(components, "parameters"), reference + sizeof where - 1);
}

/* " name name ", as a route has it, of those that the operation takes in its query. */
static size_t query_of(struct json_view operation, char text[TEXT])
{
    struct json_view_walk walk = {.rest = json_view_member(operation, "parameters")};
    struct json_view parameter;
    size_t count = 0;
    snprintf(text, TEXT, " ");
    while (json_view_next(&walk, &parameter)) {
        char name[64];
        struct json_view one = resolved(parameter);
        if (!json_view_is(json_view_member(one, "in"), "query"))
            continue;
        CU_ASSERT_FATAL(json_view_copy(json_view_member(one, "name"), name, sizeof name));
        size_t length = strlen(text);
        snprintf(text + length, TEXT - length, "%.63s ", name);
        count++;
    }
    return count;
}

static size_t words_in(const char *text)
{
    size_t count = 0;
    for (const char *at = text; *at; at++)
        count += *at != ' ' && (at == text || at[-1] == ' ');
    return count;
}

/* In whatever order. */
static bool takes_the_same(const struct route *route, struct json_view operation)
{
    char described[TEXT], word[TEXT];
    bool same = query_of(operation, described) == words_in(route->query);
    for (const char *at = route->query + strspn(route->query, " "); *at; at += strspn(at, " ")) {
        size_t length = strcspn(at, " ");
        snprintf(word, sizeof word, " %.*s ", (int)length, at);
        same = same && strstr(described, word);
        at += length;
    }
    return same;
}

static void every_route(void)
{
    for (size_t i = 0; i < route_count; i++) {
        const struct route *route = &route_table[i];
        struct json_view operation = operation_of(route);
        if (is_page(route))
            continue;
        struct json_view scope = json_view_member(operation, "x-scope");
        bool right = operation.at && takes_the_same(route, operation);
        right = right && (route->scope == TOKEN_NONE ? !scope.at
                                                     : json_view_is(scope, scopes[route->scope]));
        if (right && route->scope != TOKEN_NONE)
            right = json_view_is(json_view_member(operation, "x-reach"), reaches[route->reach]);
        if (!right)
            printf("\n    %s %s is another one in openapi.json", methods[route->method],
                route->pattern);
        CU_ASSERT(right);
    }
}

static bool is_route(struct json_view path, struct json_view method)
{
    for (size_t i = 0; i < route_count; i++)
        if (strlen(route_table[i].pattern) == path.length &&
            memcmp(route_table[i].pattern, path.at, path.length) == 0 &&
            strlen(methods[route_table[i].method]) == method.length &&
            memcmp(methods[route_table[i].method], method.at, method.length) == 0)
            return true;
    return false;
}

static void everything_described(void)
{
    struct json_view_walk paths = {.rest = json_view_member(document(), "paths")};
    struct json_view path, item, method, operation;
    size_t count = 0;
    while (json_view_next_member(&paths, &path, &item)) {
        struct json_view_walk methods_of = {.rest = item};
        while (json_view_next_member(&methods_of, &method, &operation)) {
            if (!json_view_member(operation, "responses").at)
                continue;
            if (!is_route(path, method))
                printf("\n    %.*s %.*s is no route", (int)method.length, method.at,
                    (int)path.length, path.at);
            CU_ASSERT(is_route(path, method));
            count++;
        }
    }
    size_t of_page = 0;
    for (size_t i = 0; i < route_count; i++)
        of_page += is_page(&route_table[i]);
    CU_ASSERT_EQUAL(count, route_count - of_page);
}

const struct unit_suite described_suite = {"described", 1,
    (const struct unit_test[]){
        {"every_route", every_route}, {"everything_described", everything_described}, {0}}};
