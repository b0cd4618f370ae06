/* SPDX-License-Identifier: MIT */
/*
 * Clients that go away at each phase of a request, with RST or half-closed, while the program waits
 * at each place around COMMIT. A request that came whole is done once, one that did not is not done
 * at all, and nothing of any of them stays behind in the program.
 */
#include "tests/faults/suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "loadtest/crew.h"
#include "tests/faults/trial.h"

enum { CLIENTS = 64, PATIENCE_S = 20, AWAY_WITHIN_MS = 200, ROOM = 2, TEXT = 700 };

/* How far the client comes. */
enum phase { CONNECTED, IN_LINE, IN_HEAD, IN_BODY, ASKED, IN_ANSWER, IN_LONG_ANSWER, PHASES };

static const char pauses[] =
    "commit.before=pause:40,commit.answered=pause:40,publish.before=pause:40";

struct departures {
    struct trial *trial;
    int round;
    _Atomic size_t count;
};

/* --- one that goes ---------------------------------------------------------------------------- */

/* The text of the op's request, and in ends[] where its parts end. */
static size_t write_request(
    const struct departures *departures, const struct op *op, char text[TEXT], size_t ends[3])
{
    char name[16], body[40];
    history_account(op->to, name);
    int size = snprintf(body, sizeof body, "{\"amount\":%d}", op->amount);
    int length =
        snprintf(text, TEXT, "POST /v1/ledgers/main/accounts/%s/deposit HTTP/1.1\r\n", name);
    ends[0] = (size_t)length - 2;
    length += snprintf(text + length, TEXT - (size_t)length,
        "Host: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n"
        "Idempotency-Key: \"%s\"\r\nContent-Length: %d\r\n\r\n",
        departures->trial->service.target.token, op->key, size);
    ends[1] = (size_t)length - 2;
    length += snprintf(text + length, TEXT - (size_t)length, "%s", body);
    ends[2] = (size_t)length;
    return (size_t)length;
}

/* How much of it the client sends: from 1 byte to all but one of the part it dies in. */
static size_t choose_cut(enum phase phase, const size_t ends[3], struct dice *dice)
{
    if (phase == CONNECTED)
        return 0;
    if (phase >= ASKED)
        return ends[2];
    size_t from = phase == IN_LINE ? 1 : ends[phase - IN_HEAD] + 2;
    size_t to = ends[phase - IN_LINE];
    return from >= to ? from : from + (size_t)dice_below(dice, to - from);
}

/* Half-closed: whatever the program makes of it, it answers or closes; at the latest when the time
 * for that phase is over, as an end that comes with the last bytes may go unnoticed. */
static void leave(struct client *client, enum phase phase, bool by_reset)
{
    struct response response;
    if (!by_reset) {
        client_say_no_more(client);
        bool heard = client_receive(client, &response) != CLIENT_TIMEOUT;
        CU_ASSERT(heard);
        if (!heard)
            printf("\n    half-closed in phase %d: neither answer nor end\n    ", (int)phase);
    }
    client_reset(client);
}

/* The answer has begun to come. */
static void leave_answer(struct client *client, bool by_reset)
{
    if (!by_reset)
        client_say_no_more(client);
    client_reset(client);
}

/* One deposit, and the client is gone in that phase of it. */
static void depart(struct departures *departures, struct client *client, struct history *history,
    struct dice *dice, enum phase phase, bool by_reset)
{
    char text[TEXT], taken[20];
    size_t ends[3], got;
    struct op *op = history_add(history);
    op->kind = OP_DEPOSIT;
    op->to = (uint8_t)dice_below(dice, HISTORY_ACCOUNTS);
    op->amount = 1 + (int32_t)dice_below(dice, 9);
    snprintf(op->key, sizeof op->key, "gone-%d-%zu", departures->round, ++departures->count);
    size_t length = write_request(departures, op, text, ends);
    size_t cut = choose_cut(phase, ends, dice);
    op->outcome = cut < length ? OP_ABSENT : OP_UNKNOWN;
    op->retried = true;
    op->invoked_ns = co_clock_now_ns();
    if (client_connect(client) != CLIENT_ANSWERED ||
        (cut > 0 && client_send_bytes(client, text, cut) != CLIENT_ANSWERED))
        return;
    if (phase == IN_ANSWER) {
        CU_ASSERT_EQUAL(client_read(client, taken, 10, &got), CLIENT_ANSWERED);
        leave_answer(client, by_reset);
    } else {
        co_sleep((int64_t)dice_below(dice, AWAY_WITHIN_MS) * CO_CLOCK_MS);
        leave(client, phase, by_reset);
    }
}

/* The same with a read, whose answer is more than the socket takes. */
static void depart_from_journal(struct client *client, bool by_reset)
{
    char taken[20];
    size_t got;
    CU_ASSERT_EQUAL(client_connect(client), CLIENT_ANSWERED);
    CU_ASSERT_EQUAL(
        client_send(client, &(struct request){.path = "/v1/ledgers/main/journal?limit=1000"}),
        CLIENT_ANSWERED);
    CU_ASSERT_EQUAL(client_read(client, taken, 10, &got), CLIENT_ANSWERED);
    leave_answer(client, by_reset);
}

static void one_client(size_t index, void *arg)
{
    struct departures *departures = arg;
    struct client *client =
        client_make(&departures->trial->service.target, PATIENCE_S * CO_CLOCK_S);
    struct dice dice = dice_make(unit_seed() + (unsigned)departures->round, index);
    co_ensure(client);
    for (int i = 0; i < 2 * PHASES; i++) {
        enum phase phase = (enum phase)((i + (int)index) / 2 % PHASES);
        if (phase == IN_LONG_ANSWER)
            depart_from_journal(client, i % 2);
        else
            depart(departures, client, &departures->trial->workload.histories[index], &dice, phase,
                i % 2);
    }
    client_free(&client);
}

/* --- all of them ------------------------------------------------------------------------------ */

struct remains {
    size_t descriptors, memory_kib;
    long coroutines, connections, in_flight, pending;
};

static struct remains look(const struct service *service)
{
    return (struct remains){.descriptors = service_descriptors(service),
        .memory_kib = service_memory_kib(service),
        .coroutines = trial_metric(service, "teller_coroutines"),
        .connections = trial_metric(service, "teller_http_connections"),
        .in_flight = trial_metric(service, "teller_requests_in_flight"),
        .pending = trial_metric(service, "teller_pending_entries{ledger=\"main\"}")};
}

/* Park until nothing is open or on its way but what asks for that; what is there then. */
static struct remains settle_down(const struct service *service)
{
    struct remains now = look(service);
    int64_t until = co_clock_now_ns() + PATIENCE_S * CO_CLOCK_S;
    while ((now.connections > 1 || now.in_flight > 1 || now.pending > 0) &&
           co_clock_now_ns() < until) {
        co_sleep(50 * CO_CLOCK_MS);
        now = look(service);
    }
    CU_ASSERT_EQUAL(now.connections, 1);
    CU_ASSERT_EQUAL(now.in_flight, 1);
    CU_ASSERT_EQUAL(now.pending, 0);
    return now;
}

/* All that the departed had is given back. */
static void expect_nothing_left(const struct service *service, const struct remains *before)
{
    struct remains now = settle_down(service);
    printf("[%zu descriptors after %zu, %ld coroutines after %ld] ", now.descriptors,
        before->descriptors, now.coroutines, before->coroutines);
    CU_ASSERT(now.descriptors <= before->descriptors + ROOM);
    CU_ASSERT(now.coroutines <= before->coroutines + ROOM);
    CU_ASSERT(now.memory_kib <= before->memory_kib + SERVICE_SLACK_KIB);
}

static void all_phases(const char *strategy)
{
    struct trial trial;
    struct departures departures = {.trial = &trial};
    int rounds = trial_is_long() ? 20 : 2;
    trial_begin(&trial, strategy, NULL);
    trial_progress(&trial, 1000);
    workload_stop(&trial.workload); /* from here on the histories are the departing's */
    CU_ASSERT_EQUAL(service_stop(&trial.service), 0);
    CU_ASSERT_FATAL(trial_restart(&trial, pauses));
    crew_run(CLIENTS, one_client, &departures); /* what stays of the first is kept for the next */
    struct remains before = settle_down(&trial.service);
    for (departures.round = 1; departures.round <= rounds; departures.round++)
        crew_run(CLIENTS, one_client, &departures);
    expect_nothing_left(&trial.service, &before);
    trial_tally.departures += departures.count;
    trial_verify(&trial);
    trial_end(&trial);
}

static void at_all_phases(void)
{
    all_phases(unit_seed() % 2 ? "owner" : "sharded");
    if (trial_is_long())
        all_phases(unit_seed() % 2 ? "sharded" : "owner");
}

const struct unit_suite gone_suite = {
    "gone", 2, (const struct unit_test[]){{"at_all_phases", at_all_phases}, {0}}};
