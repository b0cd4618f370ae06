/* SPDX-License-Identifier: MIT */
#include "tests/service/trio.h"

#include <stdio.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "tests/unit.h"

enum { PATIENCE_S = 60 };

static void add_arguments(struct service *service, const char *const *arguments)
{
    size_t count = 0;
    while (service->arguments[count])
        count++;
    for (; arguments && *arguments; arguments++) {
        co_ensure(count + 1 < SERVICE_ARGUMENTS);
        service->arguments[count++] = *arguments;
    }
}

void trio_begin(struct trio *trio, const char *strategy, const char *const *arguments)
{
    CU_ASSERT_FATAL(standby_host(&trio->host, strategy, trio->url));
    standby_prepare(&trio->first, strategy, trio->url);
    add_arguments(&trio->first, arguments);
    CU_ASSERT_FATAL(service_run(&trio->first));
    trio->servers[0] = &trio->first;
    for (int i = 0; i < TRIO_SERVERS - 1; i++) {
        standby_make(&trio->others[i], &trio->first, trio->url);
        add_arguments(&trio->others[i].service, arguments);
        trio->servers[1 + i] = &trio->others[i].service;
    }
}

bool trio_answers(const struct service *service)
{
    struct visit visit;
    int64_t until_ns = co_clock_now_ns() + PATIENCE_S * CO_CLOCK_S;
    visit_begin(&visit, service);
    do {
        visit_get(&visit, "/v1/ledgers/main");
        if (visit.response.status == 200)
            break;
        co_sleep(20 * CO_CLOCK_MS);
    } while (co_clock_now_ns() < until_ns);
    bool answers = visit.response.status == 200;
    visit_end(&visit);
    return answers;
}

void trio_come(struct trio *trio)
{
    /* One after the other, so that their numbers are known. */
    for (int i = 1; i < TRIO_SERVERS; i++) {
        CU_ASSERT_FATAL(service_run(trio->servers[i]));
        CU_ASSERT_FATAL(trio_answers(trio->servers[i]));
    }
}

void trio_path(char path[TRIO_PATH], const char *prefix, int ledger, const char *below)
{
    snprintf(path, TRIO_PATH, "/v1/ledgers/%s-%d%s", prefix, ledger, below);
}

void trio_make_ledgers(const struct trio *trio, const char *prefix, int count)
{
    struct visit visit;
    visit_begin(&visit, trio->servers[0]);
    for (int i = 0; i < count; i++) {
        char body[60], path[TRIO_PATH];
        snprintf(body, sizeof body, "{\"name\":\"%s-%d\"}", prefix, i);
        visit_post(&visit, "/v1/ledgers", NULL, body);
        EXPECT_STATUS(&visit, 201);
        trio_path(path, prefix, i, "/accounts");
        visit_post(&visit, path, NULL, "{\"id\":\"saver\",\"asset\":\"USD/2\"}");
        EXPECT_STATUS(&visit, 201);
    }
    visit_end(&visit);
}

int trio_at(const struct trio *trio, struct json_view url)
{
    for (int i = 0; i < TRIO_SERVERS; i++)
        if (json_view_is(url, trio->servers[i]->url))
            return i;
    return 0;
}

void trio_end(struct trio *trio)
{
    for (int i = TRIO_SERVERS - 1; i >= 0; i--)
        service_remove(trio->servers[i]);
    service_remove(&trio->host);
}
