/* SPDX-License-Identifier: MIT */
/* What is passed on while something ends: a server that stops, a stream that is cut; and what a
 * token may no longer ask. */
#include "tests/service/suites.h"

#include <stdio.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/waitgroup.h"
#include "tests/service/bearer.h"
#include "tests/service/joint.h"
#include "tests/service/raw.h"
#include "tests/service/visit.h"

enum { CLIENTS = 4, BEFORE_STOP_MS = 300, AFTER_STOP_MS = 500, CUT_AFTER = 900, TEXT = 600 };

/* ---- a clean stop, seen from a third server ------------------------------------------------- */

struct payer {
    const struct service *service;
    int number, paid, wrong;
    _Atomic bool *stop;
    struct co_waitgroup *running;
};

static void pay_on(void *arg)
{
    struct payer *payer = arg;
    struct visit visit;
    visit_begin(&visit, payer->service);
    while (!*payer->stop && payer->wrong == 0) {
        char key[40];
        snprintf(key, sizeof key, "%d-%d", payer->number, payer->paid);
        visit_post(&visit, "/accounts/a/deposit", key, "{\"amount\":1}");
        if (visit.response.status == 201) {
            payer->paid++;
        } else {
            visit_print(&visit, 201);
            payer->wrong++;
        }
    }
    visit_end(&visit);
    co_waitgroup_done(payer->running);
}

static bool answers(const struct service *service)
{
    struct visit visit;
    int status = 0;
    for (int i = 0; i < 1200 && status != 200; i++) {
        visit_begin(&visit, service);
        visit_get(&visit, "/v1/ledgers/main");
        status = visit.response.status;
        visit_end(&visit);
        co_sleep(50 * CO_CLOCK_MS);
    }
    return status == 200;
}

/* The one that has the ledger stops; it goes to one of the others, and whoever asks the third one
 * sees nothing of it. */
static void a_stop_is_not_seen(void)
{
    static struct joint joint;
    static struct standby third;
    static struct payer payers[2 * CLIENTS];
    struct co_waitgroup running = {0};
    _Atomic bool stop = false;
    struct visit visit;
    int paid = 0;
    CU_ASSERT_FATAL(joint_make(&joint, NULL));
    standby_make(&third, &joint.owner, joint.url);
    CU_ASSERT_FATAL(service_run(&third.service) && answers(&third.service));
    visit_begin(&visit, joint.other);
    CU_ASSERT(visit_fund(&visit, "a", 1));
    visit_end(&visit);
    co_waitgroup_add(&running, 2 * CLIENTS);
    for (int i = 0; i < 2 * CLIENTS; i++) {
        payers[i] = (struct payer){.service = i % 2 ? joint.other : &third.service,
            .number = i,
            .stop = &stop,
            .running = &running};
        co_ensure(co_spawn(pay_on, &payers[i]));
    }
    co_sleep(BEFORE_STOP_MS * CO_CLOCK_MS);
    CU_ASSERT_EQUAL(service_stop(&joint.owner), 0);
    co_sleep(AFTER_STOP_MS * CO_CLOCK_MS);
    stop = true;
    co_waitgroup_wait(&running);
    for (int i = 0; i < 2 * CLIENTS; i++) {
        CU_ASSERT_EQUAL(payers[i].wrong, 0);
        paid += payers[i].paid;
    }
    printf("[%d paid] ", paid);
    visit_begin(&visit, &third.service);
    CU_ASSERT(visit_balance_is(&visit, "a", 1 + paid));
    visit_end(&visit);
    service_remove(&third.service);
    joint_remove(&joint);
}

/* ---- a stream that is cut ------------------------------------------------------------------- */

/* There may have been more: what has come does not end as a body that is whole. */
static void a_cut_stream_has_no_end(void)
{
    static struct joint joint;
    static struct cutter cutter;
    static struct raw raw;
    struct visit visit;
    char text[TEXT];
    CU_ASSERT_FATAL(cutter_start(&cutter));
    CU_ASSERT_FATAL(joint_make(&joint, &cutter));
    visit_begin(&visit, joint.other);
    CU_ASSERT(visit_fund(&visit, "a", 1) && visit_fund(&visit, "b", 1));
    visit_end(&visit);
    int length = snprintf(text, sizeof text,
        "GET /v1/ledgers/main/events?after=0 HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer "
        "%s\r\n\r\n",
        joint.other->target.token);
    cutter_arm(&cutter, CUT_AFTER);
    raw_ask(joint.other, text, (size_t)length, &raw);
    CU_ASSERT(raw.closed && raw.status == 200);
    CU_ASSERT_PTR_NOT_NULL(strstr(raw.text, "Transfer-Encoding: chunked"));
    CU_ASSERT_PTR_NOT_NULL(strstr(raw.text, "event:"));
    CU_ASSERT(raw.length > 5 && memcmp(raw.text + raw.length - 5, "0\r\n\r\n", 5) != 0);
    joint_remove(&joint);
    cutter_stop(&cutter);
}

/* ---- a token that asks too often ------------------------------------------------------------ */

/* What would be too much for the owner does not get as far as there. */
static void rates_are_counted_before(void)
{
    static struct joint joint;
    struct visit visit, direct;
    struct bearer bearer;
    const struct request request = {.path = "/v1/ledgers/main"};
    int limited = 0;
    CU_ASSERT_FATAL(joint_make(&joint, NULL));
    visit_begin(&visit, joint.other);
    visit_begin(&direct, &joint.owner);
    visit_post(&visit, "/v1/tokens", NULL, "{\"scope\":\"read\",\"rate\":1}");
    EXPECT_STATUS(&visit, 201);
    bearer_read(&bearer, &visit);
    for (int i = 0; i < 20; i++)
        limited += bearer_status(joint.other, bearer.token, &request) == 429;
    CU_ASSERT(limited > 0);
    CU_ASSERT_EQUAL(visit_figure(&visit, "teller_limited_requests_total{by=\"token\"}"), limited);
    CU_ASSERT_EQUAL(visit_figure(&direct, "teller_limited_requests_total{by=\"token\"}"), 0);
    visit_end(&visit);
    visit_end(&direct);
    joint_remove(&joint);
}

const struct unit_suite forward_ends_suite = {"forward-ends", 2,
    (const struct unit_test[]){{"a_stop_is_not_seen", a_stop_is_not_seen},
        {"a_cut_stream_has_no_end", a_cut_stream_has_no_end},
        {"rates_are_counted_before", rates_are_counted_before}, {0}}};
