/* SPDX-License-Identifier: MIT */
#include "tests/service/fleet.h"

#include <stdio.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "loadtest/client.h"
#include "tests/service/crowd.h"

enum { ANNOUNCED = 262144, PIECE = 2048, SPREAD = 1000 };

static const int64_t patience_ns = 20 * CO_CLOCK_S, bit_ns = 100 * CO_CLOCK_MS,
                     drip_ns = 500 * CO_CLOCK_MS, spread_ns = 4 * CO_CLOCK_S;

static const struct request events = {.path = "/v1/ledgers/main/events"},
                            other_events = {.path = "/v1/ledgers/other/events"},
                            all_events = {.path = "/v1/ledgers/main/events?after=0"},
                            page = {.path = "/v1/ledgers/main/journal?limit=1000"};

/* Ask, and begin to have the answer. */
static bool ask(struct fleet *fleet, struct client *client, const struct request *request)
{
    struct response response = {.status = 0};
    bool good = client_send(client, request) == CLIENT_ANSWERED &&
                client_receive_head(client, &response) == CLIENT_ANSWERED && response.status == 200;
    fleet->begun += good;
    return good;
}

/* Read until the answer, or the fleet, ends, with a pause after each bit. */
static void read_on(struct fleet *fleet, struct client *client, int64_t pause_ns)
{
    char bit[PIECE];
    size_t length = 1;
    while (!fleet->stop && length > 0 &&
           client_read(client, bit, sizeof bit, &length) == CLIENT_ANSWERED) {
        fleet->bytes += length;
        if (pause_ns)
            co_sleep(pause_ns);
    }
}

/* One after the other has what it asks for read, until the fleet stops. */
static void go_on(struct fleet *fleet, const struct request *request, int64_t pause_ns, bool reads)
{
    while (!fleet->stop) {
        struct client *client = client_make(&fleet->service->target, patience_ns);
        co_ensure(client);
        bool good = ask(fleet, client, request);
        if (good && reads)
            read_on(fleet, client, pause_ns);
        while (good && !reads && !fleet->stop)
            co_sleep(bit_ns);
        client_free(&client);
        if (!fleet->stop && !good)
            co_sleep(bit_ns);
    }
    co_waitgroup_done(&fleet->running);
}

void fleet_listen(void *fleet)
{
    go_on(fleet, &events, 0, true);
}

void fleet_listen_other(void *fleet)
{
    go_on(fleet, &other_events, 0, true);
}

/* Send that, and then a byte now and then, until it is cut off or the fleet stops. */
static void drip(struct fleet *fleet, const char *text)
{
    struct client *client = client_make(&fleet->service->target, patience_ns);
    co_ensure(client);
    bool good = client_send_bytes(client, text, strlen(text)) == CLIENT_ANSWERED;
    fleet->begun += good;
    while (good && !fleet->stop) {
        co_sleep(drip_ns);
        good = client_send_bytes(client, "x", 1) == CLIENT_ANSWERED;
    }
    client_free(&client);
    if (!fleet->stop)
        co_sleep(bit_ns);
}

void fleet_drip(void *fleet_arg)
{
    struct fleet *fleet = fleet_arg;
    char head[400];
    size_t index = fleet->joined++;
    if (index % 3 == 0) {
        fleet_read_slowly(fleet);
        return;
    }
    snprintf(head, sizeof head,
        "POST /v1/ledgers/main/transfers HTTP/1.1\r\nHost: localhost\r\n"
        "Content-Type: application/json\r\nAuthorization: Bearer %s\r\n%s",
        fleet->service->target.token, index % 3 == 1 ? "X: " : "Content-Length: 100000\r\n\r\n");
    while (!fleet->stop)
        drip(fleet, head);
    co_waitgroup_done(&fleet->running);
}

void fleet_stall(void *fleet)
{
    go_on(fleet, &all_events, 0, false);
}

void fleet_read_slowly(void *fleet)
{
    go_on(fleet, &page, bit_ns, true);
}

void fleet_half_send(void *fleet_arg)
{
    static char text[ANNOUNCED + 400];
    struct fleet *fleet = fleet_arg;
    size_t length = crowd_half_post(
        NULL, "/v1/ledgers/main/transfers", ANNOUNCED, ANNOUNCED - 1, text, sizeof text);
    struct client *client = client_make(&fleet->service->target, patience_ns);
    co_ensure(client);
    int64_t place = (int64_t)(fleet->begun++ % SPREAD);
    co_sleep(place * spread_ns / SPREAD);
    if (client_connect(client) == CLIENT_ANSWERED &&
        client_send_bytes(client, text, length) == CLIENT_ANSWERED)
        read_on(fleet, client, 0);
    client_free(&client);
    co_waitgroup_done(&fleet->running);
}

void fleet_start(
    struct fleet *fleet, const struct service *service, size_t count, void (*fn)(void *fleet))
{
    *fleet = (struct fleet){.service = service};
    co_waitgroup_add(&fleet->running, (int64_t)count);
    for (size_t i = 0; i < count; i++)
        co_ensure(co_spawn(fn, fleet));
    while (fleet->begun < count)
        co_sleep(20 * CO_CLOCK_MS);
}

void fleet_stop(struct fleet *fleet)
{
    fleet->stop = true;
    co_waitgroup_wait(&fleet->running);
}
