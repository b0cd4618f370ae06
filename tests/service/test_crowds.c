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
#include "tests/service/crowd.h"
#include "tests/service/fleet.h"

enum { MORE_KIB = 256 * 1024, ROUNDS_MAX = 5 };

static bool is_long(void)
{
    const char *given = getenv("CROWDS");
    return given && strcmp(given, "long") == 0;
}

static const char account[] = "unread";

/* ---- what an ordinary client finds ----------------------------------------------------------- */

/* By turns without the crowd and beside it: the middle of what was found. */
struct pair {
    int64_t without, beside;
};

struct comparison {
    struct pair p50_us, p99_us, rate;
};

static struct pair middle(int64_t without[ROUNDS_MAX], int64_t beside[ROUNDS_MAX], size_t rounds)
{
    return (struct pair){beside_median(without, rounds), beside_median(beside, rounds)};
}

static struct comparison compare(
    const struct service *service, size_t count, void (*fn)(void *fleet), int rate)
{
    static struct fleet fleet;
    struct beside found[2];
    int64_t p50[2][ROUNDS_MAX], p99[2][ROUNDS_MAX], rates[2][ROUNDS_MAX];
    size_t rounds = is_long() ? 3 : 1;
    int seconds = is_long() ? rate ? 5 : 3 : 1;
    for (size_t round = 0; round < rounds; round++) {
        beside_measure(service, account, rate, seconds, &found[0]);
        fleet_start(&fleet, service, count, fn);
        beside_measure(service, account, rate, seconds, &found[1]);
        CU_ASSERT(fleet.begun >= count);
        fleet_stop(&fleet);
        for (int i = 0; i < 2; i++) {
            p50[i][round] = found[i].p50_us;
            p99[i][round] = found[i].p99_us;
            rates[i][round] = found[i].rate;
            printf("\n    %s: %ld requests, %ld/s, p50 %ld us, p99 %ld us, longest %ld us",
                i ? "beside " : "without", found[i].requests, found[i].rate, found[i].p50_us,
                found[i].p99_us, found[i].max_us);
        }
    }
    struct comparison result = {middle(p50[0], p50[1], rounds), middle(p99[0], p99[1], rounds),
        middle(rates[0], rates[1], rounds)};
    printf("\n    p99 %ld -> %ld us, rate %ld -> %ld/s ", result.p99_us.without,
        result.p99_us.beside, result.rate.without, result.rate.beside);
    return result;
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
static struct comparison beside_crowd(size_t count, void (*fn)(void *fleet), int rate)
{
    static struct service service;
    struct visit visit;
    begin(&service, &visit);
    if (!is_long()) {
        count /= 10;
        rate /= 10;
    }
    struct comparison found = compare(&service, count, fn, rate);
    end(&service, &visit);
    return found;
}

static void keeps_p99(size_t count, void (*fn)(void *fleet))
{
    enum { RATE = 4000 };
    struct comparison found = beside_crowd(count, fn, RATE);
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
    struct comparison found = beside_crowd(2000, fleet_listen, 0);
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
