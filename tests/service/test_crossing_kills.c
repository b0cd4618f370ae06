/* SPDX-License-Identifier: MIT */
/* Transfers between two ledgers, to and fro, while the program is killed: each arrives once. */
#include "tests/service/suites.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/waitgroup.h"
#include "loadtest/dice.h"
#include "tests/service/visit.h"

enum { PATIENCE_S = 60 };

#define BRANCH "/v1/ledgers/branch"

enum { PAYERS = 12, KILLS = 4, FUNDS = 1000000, BETWEEN_KILLS = 60 };

/* Pays to and fro, and sends each payment until it has a final answer. */
struct payer {
    const struct service *service;
    struct co_waitgroup *running;
    const atomic_bool *stop;
    _Atomic size_t *answered;
    struct dice dice;
    int index;
    int64_t arrived[2]; /* in main, in branch */
    bool failed;
};

static bool is_final(const struct visit *visit)
{
    int status = visit->response.status;
    return status == 201 || (status >= 400 && status < 500 && status != 409 && status != 429);
}

static void pay_until_told(struct payer *payer, struct visit *visit, int n)
{
    char key[40], body[240];
    bool back = dice_below(&payer->dice, 2);
    int64_t amount = 1 + (int64_t)dice_below(&payer->dice, 9);
    snprintf(key, sizeof key, "p%d-%d", payer->index, n);
    snprintf(body, sizeof body,
        "{\"from\":{\"ledger\":\"%s\",\"account\":\"hot\"},\"to\":{\"ledger\":\"%s\","
        "\"account\":\"hot\"},\"amount\":%" PRId64 "}",
        back ? "branch" : "main", back ? "main" : "branch", amount);
    for (int tries = 0; tries < PATIENCE_S * 20; tries++) {
        visit_post(visit, "/v1/transfers", key, body);
        if (is_final(visit))
            break;
        co_sleep(50 * CO_CLOCK_MS);
    }
    if (visit->response.status != 201) {
        visit_print(visit, 201);
        payer->failed = true;
        return;
    }
    payer->arrived[!back] += amount;
    atomic_fetch_add(payer->answered, 1);
}

static void pay_on(void *arg)
{
    struct payer *payer = arg;
    struct visit visit;
    visit_begin(&visit, payer->service);
    for (int n = 0; !atomic_load(payer->stop) && !payer->failed; n++)
        pay_until_told(payer, &visit, n);
    visit_end(&visit);
    co_waitgroup_done(payer->running);
}

/* Let that many be answered, and then go on for a moment that cannot be foreseen. */
static void let_it_run(_Atomic size_t *answered, struct dice *dice)
{
    size_t before = atomic_load(answered);
    for (int i = 0; i < PATIENCE_S * 20 && atomic_load(answered) < before + BETWEEN_KILLS; i++)
        co_sleep(50 * CO_CLOCK_MS);
    CU_ASSERT(atomic_load(answered) >= before + BETWEEN_KILLS);
    co_sleep((int64_t)dice_below(dice, 100) * CO_CLOCK_MS);
}

/* All that was sent has arrived once, and nothing else has. */
static void expect_arrived(struct visit *visit, const struct payer payers[PAYERS])
{
    int64_t arrived[2] = {0}, balance;
    for (int i = 0; i < PAYERS; i++) {
        CU_ASSERT_FALSE(payers[i].failed);
        arrived[0] += payers[i].arrived[0];
        arrived[1] += payers[i].arrived[1];
    }
    CU_ASSERT_EQUAL(api_balance(&visit->api, "hot", &balance), CLIENT_ANSWERED);
    CU_ASSERT_EQUAL(balance, FUNDS + arrived[0] - arrived[1]);
    struct api branch = {.client = visit->client, .ledger = "branch"};
    CU_ASSERT_EQUAL(api_balance(&branch, "hot", &balance), CLIENT_ANSWERED);
    CU_ASSERT_EQUAL(balance, FUNDS + arrived[1] - arrived[0]);
    CU_ASSERT(visit_audit(visit, "main") && visit_audit(visit, "branch"));
    CU_ASSERT_EQUAL(visit_figure(visit, "teller_open_holds{ledger=\"main\"}"), 0);
}

static void killed_under_load(const char *strategy)
{
    struct payer payers[PAYERS];
    struct co_waitgroup running = {0};
    atomic_bool stop = false;
    _Atomic size_t answered = 0;
    struct service service;
    struct visit visit;
    struct dice dice = dice_make(unit_seed(), 70);
    CU_ASSERT_FATAL(service_make(&service, strategy, NULL));
    visit_begin(&visit, &service);
    CU_ASSERT(visit_fund(&visit, "hot", FUNDS));
    visit_post(&visit, "/v1/ledgers", NULL, "{\"name\":\"branch\"}");
    EXPECT_STATUS(&visit, 201);
    visit_post(&visit, BRANCH "/accounts", NULL, "{\"id\":\"hot\",\"asset\":\"USD/2\"}");
    EXPECT_STATUS(&visit, 201);
    visit_post(&visit, BRANCH "/accounts/hot/deposit", NULL, "{\"amount\":1000000}");
    EXPECT_STATUS(&visit, 201);
    visit_end(&visit);

    co_waitgroup_add(&running, PAYERS);
    for (int i = 0; i < PAYERS; i++) {
        payers[i] = (struct payer){.service = &service,
            .running = &running,
            .stop = &stop,
            .answered = &answered,
            .dice = dice_make(unit_seed(), 71 + i),
            .index = i};
        co_ensure(co_spawn_named("payer", pay_on, &payers[i]));
    }
    bool up = true;
    for (int i = 0; i < KILLS && up; i++) {
        let_it_run(&answered, &dice);
        service_kill(&service);
        up = service_run(&service);
        CU_ASSERT(up);
    }
    atomic_store(&stop, true);
    co_waitgroup_wait(&running);
    visit_begin(&visit, &service);
    expect_arrived(&visit, payers);
    visit_end(&visit);
    service_remove(&service);
}
BOTH_STRATEGIES(killed_under_load)

const struct unit_suite crossing_kills_suite = {
    "crossing-kills", 2, (const struct unit_test[]){BOTH_ROWS(killed_under_load), {0}}};
