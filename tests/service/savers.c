/* SPDX-License-Identifier: MIT */
#include "tests/service/savers.h"

#include <inttypes.h>
#include <stdio.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "tests/unit.h"

enum { WAIT_S = 30, PATIENCE_S = 60, AGAIN_MS = 10, TRIES = PATIENCE_S * 1000 / AGAIN_MS };

/* ---- paying -------------------------------------------------------------------------------- */

static int choose_ledger(struct saver *saver)
{
    const struct savers *all = saver->all;
    uint64_t at = dice_below(&saver->dice, all->reach[all->ledgers - 1]);
    int ledger = 0;
    while (all->reach[ledger] <= at)
        ledger++;
    return ledger;
}

static struct visit *choose_server(struct saver *saver, struct visit *visits, int ledger, int tries)
{
    uint64_t at = dice_below(&saver->dice, TRIO_SERVERS);
    if (tries == 0 && atomic_load(&saver->all->direct))
        at = (uint64_t)atomic_load(&saver->all->owners[ledger]);
    return &visits[at];
}

/* What a client must be ready for: nothing was done (503), or it is not known (504; or, where
 * servers are killed, a connection that ended), or the first try goes on (409). */
static bool may_try_again(const struct savers *savers, const struct visit *visit)
{
    int status = visit->response.status;
    if (visit->got != CLIENT_ANSWERED)
        return savers->kills;
    return status == 503 || status == 504 || status == 409;
}

static void count_answer(struct saver *saver, const struct visit *visit, int ledger, int64_t ns)
{
    char owner[100];
    bool passed = response_header(&visit->response, "Teller-Owner", owner, sizeof owner);
    atomic_fetch_add(&saver->paid[ledger], 1);
    atomic_fetch_add(&saver->all->answers[passed], 1);
    atomic_fetch_add(&saver->all->ns[passed], (uint64_t)ns);
}

static void pay(struct saver *saver, struct visit *visits)
{
    struct savers *all = saver->all;
    int ledger = choose_ledger(saver);
    char path[TRIO_PATH], key[40];
    trio_path(path, all->prefix, ledger, "/accounts/saver/deposit");
    snprintf(key, sizeof key, "%d-%d", saver->index, atomic_load(&saver->paid[ledger]));
    for (int tries = 0;; tries++) {
        struct visit *visit = choose_server(saver, visits, ledger, tries);
        int64_t since_ns = co_clock_now_ns();
        visit_post(visit, path, key, "{\"amount\":1}");
        if (visit->response.status == 201) {
            count_answer(saver, visit, ledger, co_clock_now_ns() - since_ns);
            return;
        }
        if (!may_try_again(all, visit) || tries > TRIES) {
            visit_print(visit, 201);
            saver->failed = true;
            return;
        }
        atomic_fetch_add(&all->again, 1);
        co_sleep(AGAIN_MS * CO_CLOCK_MS);
    }
}

static void pay_on(void *arg)
{
    struct saver *saver = arg;
    struct visit visits[TRIO_SERVERS];
    int seconds = saver->all->patience_s ? saver->all->patience_s : WAIT_S;
    for (int i = 0; i < TRIO_SERVERS; i++)
        visit_begin_for(&visits[i], saver->all->trio->servers[i], seconds);
    while (!atomic_load(&saver->all->stop) && !saver->failed)
        pay(saver, visits);
    for (int i = 0; i < TRIO_SERVERS; i++)
        visit_end(&visits[i]);
    co_waitgroup_done(&saver->all->running);
}

void savers_begin(struct savers *savers, uint64_t stream)
{
    co_ensure(savers->count <= SAVERS_MOST && savers->ledgers <= SAVERS_LEDGERS);
    co_waitgroup_add(&savers->running, savers->count);
    for (int i = 0; i < savers->count; i++) {
        struct saver *saver = &savers->each[i];
        saver->all = savers;
        saver->dice = dice_make(unit_seed(), stream + (uint64_t)i);
        saver->index = i;
        co_ensure(co_spawn_named("saver", pay_on, saver));
    }
}

static uint64_t count_answers(const struct savers *savers)
{
    return atomic_load(&savers->answers[0]) + atomic_load(&savers->answers[1]);
}

void savers_let(const struct savers *savers, uint64_t more)
{
    uint64_t until = count_answers(savers) + more;
    for (int i = 0; i < TRIES && count_answers(savers) < until; i++)
        co_sleep(AGAIN_MS * CO_CLOCK_MS);
    CU_ASSERT(count_answers(savers) >= until);
}

void savers_end(struct savers *savers)
{
    atomic_store(&savers->stop, true);
    co_waitgroup_wait(&savers->running);
    for (int i = 0; i < savers->count; i++)
        CU_ASSERT_FALSE(savers->each[i].failed);
    printf("[%" PRIu64 " direct, %" PRIu64 " passed on, %" PRIu64 " sent again] ",
        savers->answers[0], savers->answers[1], savers->again);
}

/* ---- what came of it ----------------------------------------------------------------------- */

int64_t savers_paid(const struct savers *savers, int ledger)
{
    int64_t paid = 0;
    for (int i = 0; i < savers->count; i++)
        paid += atomic_load(&savers->each[i].paid[ledger]);
    return paid;
}

void savers_check(const struct savers *savers, const struct service *service)
{
    struct visit visit;
    visit_begin(&visit, service);
    for (int ledger = 0; ledger < savers->ledgers; ledger++) {
        char path[TRIO_PATH], balance[40];
        trio_path(path, savers->prefix, ledger, "/accounts/saver");
        snprintf(balance, sizeof balance, "\"%" PRId64 "\"", savers_paid(savers, ledger));
        visit_get(&visit, path);
        EXPECT_STATUS(&visit, 200);
        CU_ASSERT(visit_is(&visit, "balance", balance));
    }
    visit_end(&visit);
}
