/* SPDX-License-Identifier: MIT */
/*
 * Restarts under load, with a socket that is held by who starts the program: no client is ever
 * refused a connection, and none has to do more than send a payment again with its key. RESTARTS in
 * the environment says how many; `make restarts` has 50.
 */
#include "tests/service/suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/waitgroup.h"
#include "tests/service/played.h"
#include "tests/service/visit.h"

enum { CLIENTS = 8, RESTARTS = 2, TURN_MS = 400 };

struct payer {
    const struct service *service;
    int number, paid, again;
    int refused; /* connections */
    int wrong;   /* answers that neither paid nor said: try it again */
    _Atomic bool *stop;
    struct co_waitgroup *running;
};

/* One payment, until it is answered. */
static void pay(struct payer *payer, struct visit *visit)
{
    char key[40];
    snprintf(key, sizeof key, "%d-%d", payer->number, payer->paid);
    for (;;) {
        visit_post(visit, "/accounts/saver/deposit", key, "{\"amount\":1}");
        if (visit->got == CLIENT_ANSWERED && visit->response.status == 201)
            break;
        payer->refused += visit->got == CLIENT_NO_CONNECTION;
        if (visit->got == CLIENT_ANSWERED && visit->response.status != 503) {
            printf("\n    %d %.*s ", visit->response.status, (int)visit->response.body_length,
                visit->response.body);
            payer->wrong++;
        }
        payer->again++;
        co_sleep(10 * CO_CLOCK_MS);
    }
    payer->paid++;
}

static void pay_on(void *arg)
{
    struct payer *payer = arg;
    struct visit visit;
    visit_begin(&visit, payer->service);
    while (!*payer->stop) {
        pay(payer, &visit);
        co_sleep(CO_CLOCK_MS);
    }
    visit_end(&visit);
    co_waitgroup_done(payer->running);
}

static int restarts_wanted(void)
{
    const char *given = getenv("RESTARTS");
    return given ? (int)strtol(given, NULL, 10) : RESTARTS;
}

static void nobody_is_refused(const char *strategy)
{
    static struct service service;
    static struct payer payers[CLIENTS];
    static _Atomic bool stop;
    struct played played = {.hands_over = true};
    struct co_waitgroup running = {0};
    struct visit visit;
    int paid = 0, again = 0;
    stop = false;
    service_prepare(&service, strategy, NULL);
    played_begin(&played, &service);
    CU_ASSERT_FATAL(service_run(&service));
    visit_begin(&visit, &service);
    CU_ASSERT_FATAL(visit_fund(&visit, "saver", 1));
    visit_end(&visit);
    co_waitgroup_add(&running, CLIENTS);
    for (int i = 0; i < CLIENTS; i++) {
        payers[i] =
            (struct payer){.service = &service, .number = i, .stop = &stop, .running = &running};
        co_ensure(co_spawn(pay_on, &payers[i]));
    }

    for (int i = restarts_wanted(); i > 0; i--) {
        co_sleep(TURN_MS * CO_CLOCK_MS);
        CU_ASSERT_EQUAL(service_stop(&service), 0);
        CU_ASSERT_FATAL(service_run(&service));
    }
    co_sleep(TURN_MS * CO_CLOCK_MS);
    stop = true;
    co_waitgroup_wait(&running);
    for (int i = 0; i < CLIENTS; i++) {
        CU_ASSERT_EQUAL(payers[i].refused, 0);
        CU_ASSERT_EQUAL(payers[i].wrong, 0);
        paid += payers[i].paid;
        again += payers[i].again;
    }
    printf("[%d restarts, %d paid, %d sent again] ", restarts_wanted(), paid, again);
    visit_begin(&visit, &service);
    CU_ASSERT(visit_balance_is(&visit, "saver", 1 + paid));
    visit_end(&visit);
    CU_ASSERT_EQUAL(service_stop(&service), 0);
    played_end(&played);
    service_remove(&service);
}
BOTH_STRATEGIES(nobody_is_refused)

const struct unit_suite handover_suite = {
    "handover", 2, (const struct unit_test[]){BOTH_ROWS(nobody_is_refused), {0}}};
