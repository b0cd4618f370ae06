/* SPDX-License-Identifier: MIT */
/* All that many clients can do together to be in the way: bodies that are not sent to their end,
 * answers and streams that are not read, and streams that are. CROWDS=long in the environment sends
 * as many as the service is meant to withstand, and checks what an ordinary client then finds. */
#include "tests/service/suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "tests/service/beside.h"
#include "tests/service/compare.h"
#include "tests/service/crowd.h"
#include "tests/service/fleet.h"

enum { MORE_KIB = 256 * 1024 };

static bool is_long(void)
{
    const char *given = getenv("CROWDS");
    return given && strcmp(given, "long") == 0;
}

static const char account[] = "unread";

/* ---- what an ordinary client finds ----------------------------------------------------------- */

struct crowded {
    struct fleet fleet;
    const struct service *service;
    size_t count;
    void (*fn)(void *fleet);
};

static void come(void *arg)
{
    struct crowded *crowded = arg;
    fleet_start(&crowded->fleet, crowded->service, crowded->count, crowded->fn);
}

static void go(void *arg)
{
    struct crowded *crowded = arg;
    CU_ASSERT(crowded->fleet.begun >= crowded->count);
    fleet_stop(&crowded->fleet);
}

static struct compare_found compare_crowd(
    const struct service *service, size_t count, void (*fn)(void *fleet), int rate)
{
    static struct crowded crowded;
    crowded = (struct crowded){.service = service, .count = count, .fn = fn};
    return compare_run(&(struct compare){.service = service,
        .account = account,
        .rate = rate,
        .rounds = is_long() ? 3 : 1,
        .seconds = is_long() ? rate ? 5 : 3 : 1,
        .come = come,
        .go = go,
        .arg = &crowded});
}

static void begin(struct service *service, struct visit *visit)
{
    /* All of its listeners have the admin's token. */
    CU_ASSERT_FATAL(service_make(
        service, "owner", (const char *const[]){"--max-streams-per-token", "4000", NULL}));
    struct beside warm;
    visit_begin(visit, service);
    crowd_fill_journal(visit, 20);
    if (is_long()) /* and the beginning of the journal is in the database alone */
        beside_measure(service, account, 0, 3, &warm);
}

static void end(struct service *service, struct visit *visit)
{
    CU_ASSERT(visit_figure_becomes(visit, "teller_event_streams", 0));
    CU_ASSERT(visit_figure_becomes(visit, "teller_requests_in_flight", 1));
    visit_end(visit);
    CU_ASSERT_EQUAL(service_stop(service), 0);
    service_remove(service);
}

/* A tenth of that many are enough to see that all are served. */
static struct compare_found beside_crowd(size_t count, void (*fn)(void *fleet), int rate)
{
    static struct service service;
    struct visit visit;
    begin(&service, &visit);
    if (!is_long()) {
        count /= 10;
        rate /= 10;
    }
    struct compare_found found = compare_crowd(&service, count, fn, rate);
    end(&service, &visit);
    return found;
}

static void keeps_p99(size_t count, void (*fn)(void *fleet))
{
    enum { RATE = 4000 };
    struct compare_found found = beside_crowd(count, fn, RATE);
    if (is_long())
        CU_ASSERT(found.p99_us.beside <= 2 * found.p99_us.without);
}

static void slow_readers(void)
{
    keeps_p99(400, fleet_read_slowly);
}

static void stalled_listeners(void)
{
    keeps_p99(500, fleet_stall);
}

static void reading_listeners(void)
{
    keeps_p99(2000, fleet_listen);
}

static void half_sent_bodies(void)
{
    keeps_p99(8000, fleet_half_send);
}

/* As many transfers as there can be, beside the clients that listen. */
static void rate_of_transfers(void)
{
    struct compare_found found = beside_crowd(2000, fleet_listen, 0);
    if (is_long())
        CU_ASSERT(2 * found.rate.beside >= found.rate.without);
}

/* ---- all together ---------------------------------------------------------------------------- */

static void get_without_reading(struct crowd *crowd, const char *path, size_t count)
{
    char text[400];
    int length = snprintf(text, sizeof text,
        "GET %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n\r\n", path,
        crowd->target.token);
    for (size_t i = 0; i < count; i++)
        (void)crowd_send(crowd, text, (size_t)length);
}

static void all_at_once(void)
{
    enum { ANNOUNCED = 262144 };
    static struct crowd crowd;
    static struct fleet fleet;
    static char text[ANNOUNCED + 400];
    size_t unit = is_long() ? 10 : 1;
    static struct service service;
    struct visit visit;
    struct beside found;
    begin(&service, &visit);
    beside_measure(&service, account, 200, 1, &found);
    size_t before = service_memory_kib(&service);
    fleet_start(&fleet, &service, 200 * unit, fleet_listen);
    crowd_begin(&crowd, &service);
    get_without_reading(&crowd, "/v1/ledgers/main/events?after=0", 50 * unit);
    get_without_reading(&crowd, "/v1/ledgers/main/journal?limit=1000", 40 * unit);
    size_t length = crowd_half_post(
        NULL, "/v1/ledgers/main/transfers", ANNOUNCED, ANNOUNCED - 1, text, sizeof text);
    for (size_t i = 0; i < 800 * unit; i++)
        (void)crowd_send(&crowd, text, length);
    beside_measure(&service, account, 200, 1 + is_long() * 4, &found);
    CU_ASSERT(found.requests > 0);
    size_t more = service_memory_kib(&service) - before;
    printf("\n    %zu MiB more ", more / 1024);
    CU_ASSERT(more < MORE_KIB + SERVICE_SLACK_KIB);
    crowd_end(&crowd);
    fleet_stop(&fleet);
    CU_ASSERT(fleet.bytes > 0);
    end(&service, &visit);
}

const struct unit_suite crowds_suite = {"crowds", 2,
    (const struct unit_test[]){{"all_at_once", all_at_once}, {"slow_readers", slow_readers},
        {"stalled_listeners", stalled_listeners}, {"reading_listeners", reading_listeners},
        {"half_sent_bodies", half_sent_bodies}, {"rate_of_transfers", rate_of_transfers}, {0}}};
