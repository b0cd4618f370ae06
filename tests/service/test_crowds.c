/* SPDX-License-Identifier: MIT */
/* All that many clients can do at once to be in the way: bodies that are not sent to their end,
 * answers and streams that are not read, and streams that are. CROWDS=long in the environment sends
 * as many as the service is said to stand; then the rate of transfers beside them is told too. */
#include "tests/service/suites.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/waitgroup.h"
#include "tests/service/crowd.h"

enum { MORE_KIB = 256 * 1024, WRITERS = 32 };

static bool is_long(void)
{
    const char *given = getenv("CROWDS");
    return given && strcmp(given, "long") == 0;
}

/* ---- those who read, and those who move money ------------------------------------------------ */

struct fleet {
    const struct service *service;
    atomic_bool stop;
    _Atomic size_t bytes, done, other; /* read; deposits that were made, and that were not */
    _Atomic size_t listening;
    struct waitgroup running;
};

static void listen_on(void *arg)
{
    struct fleet *fleet = arg;
    static const struct request events = {.path = "/v1/ledgers/main/events"};
    struct client *client = client_make(&fleet->service->target, 20 * CLOCK_S);
    struct response response = {.status = 0};
    char piece[2048];
    size_t length = 1;
    ensure(client);
    bool good = client_send(client, &events) == CLIENT_ANSWERED &&
                client_receive_head(client, &response) == CLIENT_ANSWERED && response.status == 200;
    fleet->listening += good;
    while (good && !fleet->stop && length > 0) {
        good = client_read(client, piece, sizeof piece, &length) == CLIENT_ANSWERED;
        fleet->bytes += good ? length : 0;
    }
    client_free(&client);
    waitgroup_done(&fleet->running);
}

static void keep_depositing(void *arg)
{
    struct fleet *fleet = arg;
    struct visit visit;
    visit_begin(&visit, fleet->service);
    while (!fleet->stop) {
        visit_post(&visit, "/accounts/unread/deposit", NULL, "{\"amount\":1}");
        *(visit.response.status == 201 ? &fleet->done : &fleet->other) += 1;
    }
    visit_end(&visit);
    waitgroup_done(&fleet->running);
}

static void fleet_start(struct fleet *fleet, size_t count, void (*fn)(void *arg))
{
    waitgroup_add(&fleet->running, (int64_t)count);
    for (size_t i = 0; i < count; i++)
        ensure(co_spawn(fn, fleet));
}

static void fleet_stop(struct fleet *fleet)
{
    fleet->stop = true;
    waitgroup_wait(&fleet->running);
}

/* How many deposits are made in a while. */
static size_t deposits(const struct service *service)
{
    static struct fleet fleet;
    fleet = (struct fleet){.service = service};
    fleet_start(&fleet, WRITERS, keep_depositing);
    co_sleep((is_long() ? 5 : 1) * CLOCK_S);
    fleet_stop(&fleet);
    CU_ASSERT_EQUAL(fleet.other, 0);
    return fleet.done;
}

/* ---- the crowds ------------------------------------------------------------------------------ */

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
    size_t unit = is_long() ? 10 : 1, listeners = 200 * unit;
    struct service service;
    struct visit visit;
    CU_ASSERT_FATAL(service_make(&service, "owner", NULL));
    visit_begin(&visit, &service);
    crowd_fill_journal(&visit, 20);
    size_t before = service_memory_kib(&service), alone = deposits(&service);
    fleet = (struct fleet){.service = &service};
    fleet_start(&fleet, listeners, listen_on);
    while (fleet.listening < listeners)
        co_sleep(20 * CLOCK_MS);
    size_t beside = deposits(&service);
    printf("\n    %zu deposits alone, %zu beside %zu listeners ", alone, beside, listeners);
    if (is_long())
        CU_ASSERT(beside * 2 >= alone);
    crowd_begin(&crowd, &service);
    get_without_reading(&crowd, "/v1/ledgers/main/events?after=0", 50 * unit);
    get_without_reading(&crowd, "/v1/ledgers/main/journal?limit=1000", 40 * unit);
    size_t length = crowd_half_post(
        &service, false, "/v1/ledgers/main/transfers", ANNOUNCED, ANNOUNCED - 1, text, sizeof text);
    for (size_t i = 0; i < 800 * unit; i++)
        (void)crowd_send(&crowd, text, length);
    CU_ASSERT(deposits(&service) > 0);
    size_t more = service_memory_kib(&service) - before;
    printf("\n    %zu MiB more ", more / 1024);
    CU_ASSERT(more < MORE_KIB + SERVICE_SLACK_KIB);
    crowd_end(&crowd);
    fleet_stop(&fleet);
    CU_ASSERT(fleet.bytes > 0);
    CU_ASSERT(visit_figure_becomes(&visit, "teller_event_streams", 0));
    CU_ASSERT(visit_figure_becomes(&visit, "teller_requests_in_flight", 1));
    visit_end(&visit);
    CU_ASSERT_EQUAL(service_stop(&service), 0);
    service_remove(&service);
}

const struct unit_suite crowds_suite = {
    "crowds", 2, (const struct unit_test[]){{"all_at_once", all_at_once}, {0}}};
