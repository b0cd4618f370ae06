/* SPDX-License-Identifier: MIT */
/* Closed loop (rate 0): each client sends when its answer has come. Open loop: requests are due on
 * a schedule, and their latency counts from when they were due, so that a service that stalls
 * cannot hide it by slowing the clients down. */
#include "loadtest/load.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "loadtest/crew.h"
#include "loadtest/gate.h"

enum { PAUSE_MS = 10, LOOK_UP_MS = 200 /* a wait for its time looks for an interrupt */ };

struct load {
    const struct load_options *options;
    struct report *report;
    load_request *request;
    void *arg;
    struct gate *connected;
    _Atomic int64_t start_ns, end_ns; /* both set by the first client through the gate */
    _Atomic int64_t last_ns;          /* when the last answer came */
    _Atomic uint64_t tickets;         /* open loop: requests given out */
};

bool load_client_make(const struct load_options *options, size_t index, struct load_client *client)
{
    client->index = index;
    client->dice = dice_make((uint64_t)options->seed, index);
    /* Keys from the clock, not the seed: a run that is repeated must not replay the first. */
    client->keys = key_source_make((uint64_t)co_clock_wall_us(), (uint32_t)index);
    client->api.ledger = options->ledger;
    client->api.client = client_make(&options->target, options->timeout * CO_CLOCK_S);
    return client->api.client != NULL;
}

void load_client_end(struct load_client *client)
{
    client_free(&client->api.client);
}

/* When the next request of this client is due; false when the run is over. Parks until then. */
static bool next_due(struct load *load, int64_t *due_ns)
{
    int64_t rate = load->options->rate, now = co_clock_now_ns();
    if (load->report->interrupted)
        return false;
    if (rate == 0) {
        *due_ns = now;
        return now < load->end_ns;
    }
    /* Any client may take the next request, so a slow one delays no other. */
    uint64_t ticket = atomic_fetch_add_explicit(&load->tickets, 1, memory_order_relaxed);
    *due_ns = load->start_ns + (int64_t)((double)ticket * 1e9 / (double)rate);
    if (*due_ns >= load->end_ns)
        return false;
    /* In steps, so that an interrupt is seen. */
    while ((now = co_clock_now_ns()) < *due_ns && !load->report->interrupted)
        co_sleep(
            *due_ns - now < LOOK_UP_MS * CO_CLOCK_MS ? *due_ns - now : LOOK_UP_MS * CO_CLOCK_MS);
    return !load->report->interrupted;
}

static void raise_to(_Atomic int64_t *value, int64_t to)
{
    int64_t seen = atomic_load(value);
    /* The exchange fails if another client's time came in between; then look again. */
    while (seen < to && !atomic_compare_exchange_weak(value, &seen, to))
        continue;
}

static void send_all(struct load *load, struct load_client *client)
{
    int64_t due_ns, now = 0;
    while (next_due(load, &due_ns)) {
        struct response response;
        enum client_status status = load->request(client, load->arg, &response);
        now = co_clock_now_ns();
        /* From when it was due, not from when it was sent. */
        stats_record(load->report->stats, status, &response, now - due_ns);
        /* A service that is down or full is not helped by asking as fast as possible. */
        if (status == CLIENT_NO_CONNECTION || status == CLIENT_NOT_TRUSTED ||
            (status == CLIENT_ANSWERED && response.status == 503))
            co_sleep(PAUSE_MS * CO_CLOCK_MS);
    }
    /* The run lasts until its last answer. */
    raise_to(&load->last_ns, now);
}

static void one_client(size_t index, void *arg)
{
    struct load *load = arg;
    struct load_client client;
    bool made = load_client_make(load->options, index, &client);
    bool connected = made && client_connect(client.api.client) == CLIENT_ANSWERED;
    /* All connect before the clock starts. */
    gate_pass(load->connected);
    int64_t unset = 0, now = co_clock_now_ns();
    /* The first through the gate starts the clock for all. */
    if (atomic_compare_exchange_strong(&load->start_ns, &unset, now))
        load->end_ns = now + load->options->duration * CO_CLOCK_S;
    /* Nobody reads the times before they are set. */
    gate_pass(load->connected);
    if (made)
        send_all(load, &client);
    if (!connected)
        report_doubt(load->report, "connection %zu could not be made at the start", index);
    if (made)
        load_client_end(&client);
}

void load_run(
    const struct load_options *options, struct report *report, load_request *request, void *arg)
{
    struct load load = {.options = options, .report = report, .request = request, .arg = arg};
    load.connected = gate_make((size_t)options->clients);
    co_ensure(load.connected);
    crew_run((size_t)options->clients, one_client, &load);
    gate_free(&load.connected);
    /* Nothing was answered: no time, and no rate. */
    report->elapsed_ns = load.last_ns > load.start_ns ? load.last_ns - load.start_ns : 0;
}
