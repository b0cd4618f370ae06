/* SPDX-License-Identifier: MIT */
#include "tests/service/remains.h"

#include <stdio.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "tests/service/visit.h"
#include "tests/unit.h"

/* Sessions for errands (ledger/db/errands.h) stay for two seconds at most. */
enum { TRIES = 400, TRY_MS = 25, SETTLED_FOR = 100 };

/* All over one connection, or the one before would still be counted. */
static struct remains look(struct visit *visit, const struct service *service)
{
    struct remains now;
    visit_get(visit, "/journal?limit=1");
    now.status = visit->response.status;
    now.in_flight = visit_figure(visit, "teller_requests_in_flight");
    now.streams = visit_figure(visit, "teller_event_streams");
    now.connections = visit_figure(visit, "teller_http_connections");
    now.descriptors = service_descriptors(service);
    return now;
}

static bool is_back(const struct remains *now, const struct remains *start)
{
    return now->status == 200 && now->in_flight == start->in_flight &&
           now->streams == start->streams && now->connections == start->connections &&
           now->descriptors == start->descriptors;
}

static bool is_idle(const struct remains *now)
{
    return now->status == 200 && now->in_flight == 1 && now->streams == 0 && now->connections == 1;
}

static void print(const struct remains *now)
{
    printf("%d; %lld requests, %lld streams, %lld connections, %zu descriptors", now->status,
        (long long)now->in_flight, (long long)now->streams, (long long)now->connections,
        now->descriptors);
}

struct remains remains_settled(const struct service *service)
{
    struct visit visit;
    visit_begin(&visit, service);
    struct remains last = look(&visit, service);
    int same = 0;
    for (int i = 0; i < TRIES && same < SETTLED_FOR; i++) {
        co_sleep(TRY_MS * CO_CLOCK_MS);
        struct remains now = look(&visit, service);
        same = is_idle(&now) && is_back(&now, &last) ? same + 1 : 0;
        last = now;
    }
    visit_end(&visit);
    if (same < SETTLED_FOR) {
        printf("\n    at the start: ");
        print(&last);
        CU_FAIL("does not settle");
    }
    return last;
}

void remains_await(const struct service *service, const struct remains *start, const char *name)
{
    struct visit visit;
    visit_begin(&visit, service);
    struct remains now = look(&visit, service);
    for (int i = 0; i < TRIES && !is_back(&now, start); i++) {
        co_sleep(TRY_MS * CO_CLOCK_MS);
        now = look(&visit, service);
    }
    visit_end(&visit);
    if (is_back(&now, start))
        return;
    printf("\n    after \"%s\": ", name);
    print(&now);
    printf(" instead of ");
    print(start);
    CU_FAIL("not given back");
}
