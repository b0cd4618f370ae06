/* SPDX-License-Identifier: MIT */
/* The target of a request, and the route that it finds: what was taken apart and decoded is the
 * same when it is escaped and taken apart again. */
#include <stdlib.h>
#include <string.h>

#include "server/api/route.h"
#include "server/text/json_out.h"
#include "tests/fuzz/fuzz.h"

/* The target that the request's parts make. */
static struct json_out write_target(struct request *request)
{
    struct json_out out;
    json_out_begin(&out, &request->arena);
    for (size_t i = 0; i < request->segment_count; i++) {
        json_out_raw(&out, "/", 1);
        json_out_percent(&out, request->segments[i]);
    }
    for (size_t i = 0; i < request->query_count; i++) {
        json_out_raw(&out, i ? "&" : "?", 1);
        json_out_percent(&out, request->query[i].name);
        json_out_raw(&out, "=", 1);
        json_out_percent(&out, request->query[i].value);
    }
    return out;
}

static void expect_same(const struct request *a, const struct request *b)
{
    co_ensure(a->segment_count == b->segment_count && a->query_count == b->query_count);
    for (size_t i = 0; i < a->segment_count; i++)
        co_ensure(strcmp(a->segments[i], b->segments[i]) == 0);
    for (size_t i = 0; i < a->query_count; i++) {
        co_ensure(strcmp(a->query[i].name, b->query[i].name) == 0);
        co_ensure(strcmp(a->query[i].value, b->query[i].value) == 0);
    }
}

/* The parts that the route's pattern names are there, and no others. */
static void expect_parts(const struct route *route, const struct call_path *parts)
{
    co_ensure(!strstr(route->pattern, "{ledger}") == !parts->ledger);
    co_ensure(!strstr(route->pattern, "{account}") == !parts->account);
}

static void find_routes(struct request *request)
{
    for (int method = REQUEST_GET; method <= REQUEST_OTHER; method++) {
        struct call_path parts = {.ledger = NULL};
        const struct route *route = NULL;
        const char *allow = NULL;
        request->method = (enum request_method)method;
        switch (route_find(request, &parts, &route, &allow)) {
        case ROUTE_FOUND:
            co_ensure(route && route->answer && method != REQUEST_OTHER);
            expect_parts(route, &parts);
            break;
        case ROUTE_NO_METHOD:
            co_ensure(allow && strstr(allow, "OPTIONS"));
            break;
        case ROUTE_NO_PATH:
            break;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t length)
{
    char *target = malloc(length + 1), memory[1024];
    struct request request = {.body = NULL}, again = {.body = NULL};
    co_ensure(target);
    if (length)
        memcpy(target, input, length);
    arena_init(&request.arena, memory, sizeof memory);
    arena_init(&again.arena, NULL, 0);
    if (request_read_target(&request, target, length)) {
        find_routes(&request);
        struct json_out out = write_target(&request);
        if (request.segment_count > 0) {
            co_ensure(request_read_target(&again, out.text, out.length));
            expect_same(&request, &again);
        }
    }
    arena_clear(&again.arena);
    arena_clear(&request.arena);
    free(target);
    return 0;
}
