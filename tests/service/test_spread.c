/* SPDX-License-Identifier: MIT */
/*
 * Three servers on one database, many ledgers of which few have most of the load, and clients that
 * ask any server for any ledger: every answer is right, whoever gives it, and the servers come to
 * have about the same to do. SPREAD=long (`make spread`): 300 ledgers, all on one server at first,
 * and that after a minute none has more than 1.3 times the mean; and what the hop costs.
 */
#include "tests/service/suites.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/waitgroup.h"
#include "loadtest/dice.h"
#include "tests/service/command.h"
#include "tests/service/standby.h"
#include "tests/service/visit.h"

enum {
    SERVERS = 3,
    LEDGERS = 300,
    LEDGERS_SHORT = 10,
    CLIENTS = 32,
    CLIENTS_SHORT = 8,
    SHORT_S = 3,
    WARM_S = 60,
    LOOK_S = 10,
    PATIENCE_S = 60,
    PATH = 80,
    TENTHS_MOST = 13, /* of the mean */
};

struct spread {
    struct service host; /* lends its PostgreSQL */
    struct service first;
    struct standby others[SERVERS - 1];
    const struct service *servers[SERVERS];
    char url[300];
    bool is_long;
    int ledgers, clients;
    uint64_t
        reach[LEDGERS]; /* of the load, in shares of reach[ledgers - 1]: this and those before */
    _Atomic int owners[LEDGERS]; /* which of the servers has it, as far as is known; for `direct` */
};

/* The n-th has 1/n of what the first has. */
static void share_out(struct spread *spread)
{
    uint64_t sum = 0;
    for (int i = 0; i < spread->ledgers; i++)
        spread->reach[i] = sum += UINT64_C(1000000) / (uint64_t)(i + 1);
}

/* ---- clients ------------------------------------------------------------------------------- */

struct load {
    struct spread *spread;
    _Atomic bool stop, direct;          /* direct: each asks the owner, as far as it knows */
    _Atomic uint64_t answers[2], ns[2]; /* of whoever had the ledger, and of those that passed on */
    _Atomic uint64_t again;
    struct co_waitgroup running;
};

struct payer {
    struct load *load;
    struct dice dice;
    int number, wrong, paid[LEDGERS];
};

static int choose_ledger(struct payer *payer)
{
    const struct spread *spread = payer->load->spread;
    uint64_t at = dice_below(&payer->dice, spread->reach[spread->ledgers - 1]);
    int ledger = 0;
    while (spread->reach[ledger] <= at)
        ledger++;
    return ledger;
}

/* Nothing was done (503), or it is not known (504), or the first try goes on (409). */
static bool may_try_again(const struct visit *visit)
{
    int status = visit->response.status;
    return visit->got == CLIENT_ANSWERED && (status == 503 || status == 504 || status == 409);
}

static void count_answer(struct payer *payer, const struct visit *visit, int64_t took_ns)
{
    char owner[100];
    struct load *load = payer->load;
    bool passed = response_header(&visit->response, "Teller-Owner", owner, sizeof owner);
    atomic_fetch_add(&load->answers[passed], 1);
    atomic_fetch_add(&load->ns[passed], (uint64_t)took_ns);
}

static void pay(struct payer *payer, struct visit *visits)
{
    int ledger = choose_ledger(payer), tries = 0;
    char path[PATH], key[40];
    snprintf(path, sizeof path, "/v1/ledgers/spread-%d/accounts/saver/deposit", ledger);
    snprintf(key, sizeof key, "%d-%d", payer->number, payer->paid[ledger]);
    const struct request request = {
        .path = path, .key = key, .body = "{\"amount\":1}", .body_length = 12};
    for (;; tries++) {
        uint64_t at = dice_below(&payer->dice, SERVERS);
        if (payer->load->direct && tries == 0)
            at = (uint64_t)payer->load->spread->owners[ledger];
        int64_t since_ns = co_clock_now_ns();
        visit_call(&visits[at], &request);
        if (visits[at].response.status == 201) {
            count_answer(payer, &visits[at], co_clock_now_ns() - since_ns);
            payer->paid[ledger]++;
            return;
        }
        if (!may_try_again(&visits[at]) || tries > 100 * PATIENCE_S) {
            visit_print(&visits[at], 201);
            payer->wrong++;
            return;
        }
        atomic_fetch_add(&payer->load->again, 1);
        co_sleep(10 * CO_CLOCK_MS);
    }
}

static void pay_on(void *arg)
{
    struct payer *payer = arg;
    struct visit visits[SERVERS];
    for (int i = 0; i < SERVERS; i++)
        visit_begin(&visits[i], payer->load->spread->servers[i]);
    while (!payer->load->stop && payer->wrong == 0)
        pay(payer, visits);
    for (int i = 0; i < SERVERS; i++)
        visit_end(&visits[i]);
    co_waitgroup_done(&payer->load->running);
}

/* ---- servers ------------------------------------------------------------------------------- */

static void begin(struct spread *spread)
{
    const char *given = getenv("SPREAD");
    spread->is_long = given && strcmp(given, "long") == 0;
    spread->ledgers = spread->is_long ? LEDGERS : LEDGERS_SHORT;
    spread->clients = spread->is_long ? CLIENTS : CLIENTS_SHORT;
    share_out(spread);
    CU_ASSERT_FATAL(service_make(&spread->host, "owner", NULL));
    snprintf(spread->url, sizeof spread->url, "host=%s/postgres user=postgres dbname=template1",
        spread->host.folder);
    standby_prepare(&spread->first, "owner", spread->url);
    CU_ASSERT_FATAL(service_run(&spread->first));
    spread->servers[0] = &spread->first;
    for (int i = 0; i < SERVERS - 1; i++) {
        standby_make(&spread->others[i], &spread->first, spread->url);
        spread->servers[1 + i] = &spread->others[i].service;
    }
}

static void end(struct spread *spread)
{
    for (int i = 0; i < SERVERS - 1; i++)
        service_remove(&spread->others[i].service);
    service_remove(&spread->first);
    service_remove(&spread->host);
}

/* All of them where the first server is. */
static void make_ledgers(const struct spread *spread)
{
    struct visit visit;
    visit_begin(&visit, spread->servers[0]);
    for (int i = 0; i < spread->ledgers; i++) {
        char body[60], path[PATH];
        int length = snprintf(body, sizeof body, "{\"name\":\"spread-%d\"}", i);
        visit_call(&visit,
            &(struct request){.path = "/v1/ledgers", .body = body, .body_length = (size_t)length});
        EXPECT_STATUS(&visit, 201);
        length = snprintf(body, sizeof body, "{\"id\":\"saver\",\"asset\":\"USD/2\"}");
        snprintf(path, sizeof path, "/v1/ledgers/spread-%d/accounts", i);
        visit_call(
            &visit, &(struct request){.path = path, .body = body, .body_length = (size_t)length});
        EXPECT_STATUS(&visit, 201);
    }
    visit_end(&visit);
}

/* The others come, and answer for all of them. */
static void come(struct spread *spread)
{
    for (int i = 0; i < SERVERS - 1; i++) {
        struct visit visit;
        int status = 0;
        CU_ASSERT_FATAL(service_run(&spread->others[i].service));
        visit_begin(&visit, spread->servers[1 + i]);
        for (int n = 0; n < 20 * PATIENCE_S && status != 200; n++) {
            visit_get(&visit, "/v1/ledgers/spread-0");
            status = visit.response.status;
            co_sleep(50 * CO_CLOCK_MS);
        }
        CU_ASSERT_EQUAL(status, 200);
        visit_end(&visit);
    }
}

static int server_at(const struct spread *spread, struct json_view url)
{
    for (int i = 0; i < SERVERS; i++)
        if (json_view_is(url, spread->servers[i]->url))
            return i;
    return 0;
}

/* Where each ledger is. */
static void look_at_owners(struct spread *spread)
{
    struct visit visit;
    struct json_view server, ledger;
    visit_begin(&visit, spread->servers[0]);
    visit_get(&visit, "/v1/servers");
    EXPECT_STATUS(&visit, 200);
    struct json_view_walk servers = {.rest = json_view_member(visit.body, "servers")};
    while (json_view_next(&servers, &server)) {
        struct json_view_walk ledgers = {.rest = json_view_member(server, "ledgers")};
        while (json_view_next(&ledgers, &ledger)) {
            char name[80];
            if (json_view_copy(json_view_member(ledger, "ledger"), name, sizeof name) &&
                strncmp(name, "spread-", 7) == 0)
                spread->owners[strtol(name + 7, NULL, 10) % LEDGERS] =
                    server_at(spread, json_view_member(server, "url"));
        }
    }
    visit_end(&visit);
}

/* ---- what they do -------------------------------------------------------------------------- */

static uint64_t processor_ms(const struct spread *spread)
{
    double seconds = 0;
    for (int i = 0; i < SERVERS; i++) {
        struct visit visit;
        visit_begin(&visit, spread->servers[i]);
        visit_get(&visit, "/metrics");
        const char *at = visit.response.body
                             ? strstr(visit.response.body, "\nprocess_cpu_seconds_total ")
                             : NULL;
        seconds += at ? strtod(at + strlen("\nprocess_cpu_seconds_total "), NULL) : 0;
        visit_end(&visit);
    }
    return (uint64_t)(seconds * 1000);
}

static uint64_t sum_paid(const struct payer *payers, const struct spread *spread, int server)
{
    uint64_t paid = 0;
    for (int ledger = 0; ledger < spread->ledgers; ledger++)
        for (int i = 0; i < spread->clients; i++)
            if (server < 0 || spread->owners[ledger] == server)
                paid += (uint64_t)payers[i].paid[ledger];
    return paid;
}

/* What each server had to do in that time: payments of the ledgers that it has. In tenths of the
 * mean: the busiest. */
static uint64_t look_at_shares(struct spread *spread, const struct payer *payers, int seconds)
{
    uint64_t before[SERVERS], most = 0, sum = 0;
    look_at_owners(spread);
    for (int i = 0; i < SERVERS; i++)
        before[i] = sum_paid(payers, spread, i);
    co_sleep(seconds * CO_CLOCK_S);
    printf("\n    payments in %d s:", seconds);
    for (int i = 0; i < SERVERS; i++) {
        uint64_t paid = sum_paid(payers, spread, i) - before[i];
        printf(" %" PRIu64, paid);
        most = paid > most ? paid : most;
        sum += paid;
    }
    uint64_t hundredths = sum ? 100 * SERVERS * most / sum : 0;
    printf(", the busiest %" PRIu64 ".%02" PRIu64 " of the mean\n", hundredths / 100,
        hundredths % 100);
    return (hundredths + 9) / 10;
}

/* The same load, asked of anybody and of the owners. */
static void tell_costs(struct load *load, const struct payer *payers, int seconds)
{
    for (int direct = 0; direct < 2; direct++) {
        uint64_t ns[2], answers[2];
        atomic_store(&load->direct, direct);
        look_at_owners(load->spread);
        for (int i = 0; i < 2; i++) {
            ns[i] = load->ns[i];
            answers[i] = load->answers[i];
        }
        uint64_t paid = sum_paid(payers, load->spread, -1), ms = processor_ms(load->spread);
        co_sleep(seconds * CO_CLOCK_S);
        paid = sum_paid(payers, load->spread, -1) - paid;
        ms = processor_ms(load->spread) - ms;
        printf("    asked of %s: %" PRIu64 "/s, %" PRIu64 " us of processor each;",
            direct ? "the owner" : "anybody", paid / (uint64_t)seconds,
            paid ? 1000 * ms / paid : 0);
        for (int i = 0; i < 2; i++) {
            uint64_t count = load->answers[i] - answers[i];
            printf(" %s %" PRIu64 " in %" PRIu64 " us", i ? "passed on" : "direct", count,
                count ? (load->ns[i] - ns[i]) / count / 1000 : 0);
        }
        printf("\n");
    }
}

/* Each payment that was answered is there, once, whichever server is asked. */
static void verify(const struct spread *spread, const struct payer *payers)
{
    struct visit visits[SERVERS];
    for (int i = 0; i < SERVERS; i++)
        visit_begin(&visits[i], spread->servers[i]);
    for (int ledger = 0; ledger < spread->ledgers; ledger++) {
        char path[PATH], balance[40];
        int paid = 0;
        for (int i = 0; i < spread->clients; i++)
            paid += payers[i].paid[ledger];
        snprintf(path, sizeof path, "/v1/ledgers/spread-%d/accounts/saver", ledger);
        snprintf(balance, sizeof balance, "\"%d\"", paid);
        for (int i = 0; i < SERVERS; i++) {
            visit_get(&visits[i], path);
            EXPECT_STATUS(&visits[i], 200);
            CU_ASSERT(visit_is(&visits[i], "balance", balance));
        }
    }
    for (int i = 0; i < SERVERS; i++)
        visit_end(&visits[i]);
    CU_ASSERT(command_audits(spread->url));
}

static void all_answers_are_right(void)
{
    static struct spread spread;
    static struct load load;
    static struct payer payers[CLIENTS];
    begin(&spread);
    make_ledgers(&spread);
    come(&spread);
    load.spread = &spread;
    co_waitgroup_add(&load.running, spread.clients);
    for (int i = 0; i < spread.clients; i++) {
        payers[i] =
            (struct payer){.load = &load, .dice = dice_make(unit_seed(), 200 + i), .number = i};
        co_ensure(co_spawn_named("payer", pay_on, &payers[i]));
    }
    if (spread.is_long) {
        look_at_shares(&spread, payers, LOOK_S);
        co_sleep((WARM_S - LOOK_S) * CO_CLOCK_S);
        CU_ASSERT(look_at_shares(&spread, payers, LOOK_S) <= TENTHS_MOST);
        tell_costs(&load, payers, LOOK_S);
    } else {
        co_sleep(SHORT_S * CO_CLOCK_S);
    }
    load.stop = true;
    co_waitgroup_wait(&load.running);
    for (int i = 0; i < spread.clients; i++)
        CU_ASSERT_EQUAL(payers[i].wrong, 0);
    printf("[%" PRIu64 " direct, %" PRIu64 " passed on, %" PRIu64 " sent again] ", load.answers[0],
        load.answers[1], load.again);
    CU_ASSERT(load.answers[0] > 0 && load.answers[1] > 0);
    verify(&spread, payers);
    end(&spread);
}

const struct unit_suite spread_suite = {
    "spread", 1, (const struct unit_test[]){{"all_answers_are_right", all_answers_are_right}, {0}}};
