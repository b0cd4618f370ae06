/* SPDX-License-Identifier: MIT */
#include "tests/service/payers.h"

#include <inttypes.h>
#include <stdio.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "tests/unit.h"

enum { PATIENCE_S = 60, AGAIN_MS = 50, TRIES = PATIENCE_S * 1000 / AGAIN_MS };

#define BRANCH "/v1/ledgers/branch"

const char *payers_body(
    char text[PAYERS_BODY], bool back, const char *from, const char *to, int64_t amount)
{
    snprintf(text, PAYERS_BODY,
        "{\"from\":{\"ledger\":\"%s\",\"account\":\"%s\"},\"to\":{\"ledger\":\"%s\",\"account\":"
        "\"%s\"},\"amount\":%" PRId64 "}",
        back ? "branch" : "main", from, back ? "main" : "branch", to, amount);
    return text;
}

bool payers_open(struct visit *visit, const char *account, int64_t amount)
{
    char path[100], text[100];
    snprintf(text, sizeof text, "{\"id\":\"%s\",\"asset\":\"USD/2\"}", account);
    visit_post(visit, BRANCH "/accounts", NULL, text);
    if (visit->response.status != 201 || amount == 0)
        return visit->response.status == 201;
    snprintf(path, sizeof path, BRANCH "/accounts/%s/deposit", account);
    snprintf(text, sizeof text, "{\"amount\":%" PRId64 "}", amount);
    visit_post(visit, path, NULL, text);
    return visit->response.status == 201;
}

bool payers_fund(struct visit *visit)
{
    return visit_fund(visit, "hot", PAYERS_FUNDS) && payers_open(visit, "hot", PAYERS_FUNDS);
}

/* ---- paying -------------------------------------------------------------------------------- */

static bool is_final(const struct visit *visit)
{
    int status = visit->response.status;
    return status == 201 || (status >= 400 && status < 500 && status != 409 && status != 429);
}

static void note_paid(struct payers *payers)
{
    int64_t now_ns = co_clock_now_ns(), was_ns = atomic_exchange(&payers->paid_ns, now_ns);
    int64_t pause_ns = was_ns > 0 ? now_ns - was_ns : 0, most_ns = atomic_load(&payers->pause_ns);
    while (
        most_ns < pause_ns && !atomic_compare_exchange_weak(&payers->pause_ns, &most_ns, pause_ns))
        ;
    atomic_fetch_add(&payers->answered, 1);
}

static void pay_until_told(struct payer *payer, struct visit visits[2], int n)
{
    char key[40], body[PAYERS_BODY];
    bool back = dice_below(&payer->dice, 2);
    int64_t amount = 1 + (int64_t)dice_below(&payer->dice, 9);
    struct visit *visit = visits;
    snprintf(key, sizeof key, "p%d-%d", payer->index, n);
    payers_body(body, back, "hot", "hot", amount);
    for (int tries = 0; tries < TRIES; tries++) {
        visit = &visits[dice_below(&payer->dice, 2)];
        visit_post(visit, "/v1/transfers", key, body);
        if (is_final(visit))
            break;
        if (atomic_fetch_add(&payer->all->unsettled, 1) == 0 && atomic_load(&payer->all->is_strict))
            visit_print(visit, 201);
        co_sleep(AGAIN_MS * CO_CLOCK_MS);
    }
    if (visit->response.status != 201) {
        visit_print(visit, 201);
        payer->failed = true;
        return;
    }
    payer->arrived[!back] += amount;
    note_paid(payer->all);
}

static void pay_on(void *arg)
{
    struct payer *payer = arg;
    struct visit visits[2];
    for (int i = 0; i < 2; i++)
        visit_begin(&visits[i], payer->all->services[i]);
    for (int n = 0; !atomic_load(&payer->all->stop) && !payer->failed; n++)
        pay_until_told(payer, visits, n);
    for (int i = 0; i < 2; i++)
        visit_end(&visits[i]);
    co_waitgroup_done(&payer->all->running);
}

void payers_begin(struct payers *payers, int count, const struct service *one,
    const struct service *other, uint64_t stream)
{
    co_ensure(count <= PAYERS_MOST);
    *payers = (struct payers){.services = {one, other}, .count = count};
    co_waitgroup_add(&payers->running, count);
    for (int i = 0; i < count; i++) {
        payers->each[i] = (struct payer){
            .all = payers, .dice = dice_make(unit_seed(), stream + (uint64_t)i), .index = i};
        co_ensure(co_spawn_named("payer", pay_on, &payers->each[i]));
    }
}

void payers_let(struct payers *payers, size_t more, struct dice *dice)
{
    size_t before = atomic_load(&payers->answered);
    for (int i = 0; i < TRIES && atomic_load(&payers->answered) < before + more; i++)
        co_sleep(AGAIN_MS * CO_CLOCK_MS);
    CU_ASSERT(atomic_load(&payers->answered) >= before + more);
    co_sleep((int64_t)dice_below(dice, 100) * CO_CLOCK_MS);
}

void payers_end(struct payers *payers)
{
    atomic_store(&payers->stop, true);
    co_waitgroup_wait(&payers->running);
}

/* ---- what came of it ----------------------------------------------------------------------- */

static int64_t balance_of(struct visit *visit, const char *ledger)
{
    int64_t balance = -1;
    struct api api = {.client = visit->client, .ledger = ledger};
    CU_ASSERT_EQUAL(api_balance(&api, "hot", &balance), CLIENT_ANSWERED);
    return balance;
}

void payers_check(const struct payers *payers, struct visit *visit)
{
    int64_t arrived[2] = {0};
    for (int i = 0; i < payers->count; i++) {
        CU_ASSERT_FALSE(payers->each[i].failed);
        arrived[0] += payers->each[i].arrived[0];
        arrived[1] += payers->each[i].arrived[1];
    }
    CU_ASSERT_EQUAL(balance_of(visit, "main"), PAYERS_FUNDS + arrived[0] - arrived[1]);
    CU_ASSERT_EQUAL(balance_of(visit, "branch"), PAYERS_FUNDS + arrived[1] - arrived[0]);
    CU_ASSERT(visit_audit(visit, "main") && visit_audit(visit, "branch"));
    visit_get(visit, "/accounts/hot");
    CU_ASSERT(visit_is(visit, "held", "\"0\""));
}
