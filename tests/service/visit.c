/* SPDX-License-Identifier: MIT */
#include "tests/service/visit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "tests/unit.h"

enum { PATH_SIZE = 1600, TIMEOUT_SECONDS = 30 };

void visit_begin_for(struct visit *visit, const struct service *service, int seconds)
{
    *visit = (struct visit){.api.ledger = "main"};
    visit->client = visit->api.client = client_make(&service->target, seconds * CO_CLOCK_S);
    co_ensure(visit->client);
}

void visit_begin(struct visit *visit, const struct service *service)
{
    visit_begin_for(visit, service, TIMEOUT_SECONDS);
}

void visit_begin_shared(struct visit *visit, const char *strategy)
{
    const struct service *service = service_shared(strategy);
    CU_ASSERT_PTR_NOT_NULL_FATAL(service);
    visit_begin(visit, service);
}

void visit_end(struct visit *visit)
{
    client_free(&visit->client);
}

void visit_call(struct visit *visit, const struct request *request)
{
    char path[PATH_SIZE];
    struct request absolute = *request;
    static const char *const outside[] = {"/v1", "/livez", "/readyz", "/metrics", "/openapi.json",
        "/nowhere", "/dashboard", "/owner.c", "/sharded.c"};
    bool relative = strcmp(request->path, "/") != 0;
    for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++)
        relative = relative && strncmp(request->path, outside[i], strlen(outside[i])) != 0;
    snprintf(path, sizeof path, "%s%s", relative ? "/v1/ledgers/main" : "", request->path);
    absolute.path = path;
    visit->response = (struct response){0};
    visit->got = client_call(visit->client, &absolute, &visit->response);
    if (visit->got != CLIENT_ANSWERED)
        visit->response = (struct response){0};
    visit->body = json_view_read(visit->response.body, visit->response.body_length);
}

void visit_get(struct visit *visit, const char *path)
{
    visit_call(visit, &(struct request){.path = path});
}

void visit_post(struct visit *visit, const char *path, const char *key, const char *body)
{
    visit_call(visit, &(struct request){.method = "POST",
                          .path = path,
                          .key = key,
                          .body = body,
                          .body_length = body ? strlen(body) : 0});
}

bool visit_fund(struct visit *visit, const char *account, int64_t amount)
{
    enum client_status got = api_open(&visit->api, account, &visit->response);
    bool open =
        api_is(got, &visit->response, 201, NULL) || api_is(got, &visit->response, 200, NULL);
    if (!open || amount == 0)
        return open;
    got = api_deposit(&visit->api, account, amount, NULL, &visit->response);
    return api_is(got, &visit->response, 201, NULL);
}

bool visit_balance_is(struct visit *visit, const char *account, int64_t wanted)
{
    int64_t balance = INT64_MIN;
    return api_balance(&visit->api, account, &balance) == CLIENT_ANSWERED && balance == wanted;
}

bool visit_is(const struct visit *visit, const char *member, const char *text)
{
    struct json_view value = json_view_member(visit->body, member);
    return value.at && value.length == strlen(text) && memcmp(value.at, text, value.length) == 0;
}

bool visit_header_is(const struct visit *visit, const char *name, const char *value)
{
    char found[PATH_SIZE];
    return visit->response.head.text &&
           response_header(&visit->response, name, found, sizeof found) &&
           strcmp(found, value) == 0;
}

int visit_entries_of(struct visit *visit, const char *key)
{
    char path[200];
    int count = 0;
    struct json_view item;
    snprintf(path, sizeof path, "/transfers?key=%s", key);
    visit_get(visit, path);
    EXPECT_STATUS(visit, 200);
    struct json_view_walk walk = {.rest = json_view_member(visit->body, "items")};
    while (json_view_next(&walk, &item))
        count++;
    return count;
}

int64_t visit_figure(struct visit *visit, const char *name)
{
    char line[160];
    snprintf(line, sizeof line, "\n%s ", name);
    visit_get(visit, "/metrics");
    const char *body = visit->response.body ? visit->response.body : "";
    const char *at = memmem(body, visit->response.body_length, line, strlen(line));
    return at ? strtoll(at + strlen(line), NULL, 10) : -1; /* the body ends in a line's end */
}

bool visit_figure_becomes(struct visit *visit, const char *name, int64_t wanted)
{
    int64_t until_ns = co_clock_now_ns() + 10 * CO_CLOCK_S;
    while (visit_figure(visit, name) != wanted) {
        if (co_clock_now_ns() > until_ns)
            return false;
        co_sleep(20 * CO_CLOCK_MS);
    }
    return true;
}

bool visit_is_alone(struct visit *visit)
{
    return visit_figure_becomes(visit, "teller_event_streams", 0) &&
           visit_figure_becomes(visit, "teller_http_connections", 1) &&
           visit_figure_becomes(visit, "teller_requests_in_flight", 1);
}

void visit_print(const struct visit *visit, int wanted)
{
    printf("\n    wanted %d, got %d (%s): %.*s\n    ", wanted, visit->response.status,
        client_status_name(visit->got), (int)visit->response.body_length,
        visit->response.body ? visit->response.body : "");
}

enum { AUDIT_SECONDS = 120 };

bool visit_audit(struct visit *visit, const char *ledger)
{
    char path[200], location[200];
    int64_t end_ns = co_clock_now_ns() + AUDIT_SECONDS * CO_CLOCK_S;
    snprintf(path, sizeof path, "/v1/ledgers/%s/audits", ledger);
    visit_post(visit, path, NULL, NULL);
    while (visit->response.status == 409 && co_clock_now_ns() < end_ns) {
        co_sleep(20 * CO_CLOCK_MS);
        visit_post(visit, path, NULL, NULL);
    }
    EXPECT_STATUS(visit, 202);
    if (!response_header(&visit->response, "Location", location, sizeof location))
        return false;
    do {
        co_sleep(10 * CO_CLOCK_MS);
        visit_get(visit, location);
    } while (visit_is(visit, "state", "\"running\"") && co_clock_now_ns() < end_ns);
    EXPECT_STATUS(visit, 200);
    return visit_is(visit, "state", "\"done\"") && visit_is(visit, "ok", "true");
}
