/* SPDX-License-Identifier: MIT */
/* The database stops answering for a while: what is not durable is told to nobody, and a client
 * that does not wait learns how to find out. */
#include "tests/service/suites.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/waitgroup.h"
#include "tests/service/visit.h"

#define IMPATIENT "Prefer: wait=1\r\n"

static void withdraw(struct visit *visit, const char *key, const char *headers)
{
    static const char body[] = "{\"amount\":80}";
    visit_call(visit, &(struct request){.path = "/accounts/stalled/withdraw",
                          .key = key,
                          .headers = headers,
                          .body = body,
                          .body_length = sizeof body - 1});
}

/* A client with patience, whose answer comes when the database goes on. */
struct patient {
    const struct service *service;
    struct visit visit;
    struct co_waitgroup running;
    int64_t answered_ns;
};

static void wait_patiently(void *arg)
{
    struct patient *patient = arg;
    visit_begin(&patient->visit, patient->service);
    withdraw(&patient->visit, "stall-1", NULL);
    patient->answered_ns = co_clock_now_ns();
    co_waitgroup_done(&patient->running);
}

/* An answer that gave up waiting names no position that a crash could take back. */
static void expect_durable(const struct visit *visit, int64_t durable)
{
    CU_ASSERT(visit->response.seq <= durable);
    if (visit->response.seq > durable)
        visit_print(visit, visit->response.status);
}

/* While it stands still: the old balance is read, or nothing; impatient ones get 504 and 409. */
static void look_at_the_stall(
    const struct service *service, struct visit *visit, int64_t durable, char settle[128])
{
    withdraw(visit, "stall-2", IMPATIENT); /* a refusal, decided on what is not durable */
    EXPECT_PROBLEM(visit, 504, "outcome_unknown");
    CU_ASSERT(visit_header_is(visit, "Preference-Applied", "wait=1"));
    expect_durable(visit, durable);
    CU_ASSERT(json_view_copy(json_view_member(visit->body, "settle"), settle, 128));
    visit_call(visit, &(struct request){.path = "/accounts/stalled", .headers = IMPATIENT});
    CU_ASSERT(visit->response.status == 503 || visit_is(visit, "balance", "\"100\""));
    expect_durable(visit, durable);
    withdraw(visit, "stall-1", IMPATIENT);
    EXPECT_PROBLEM(visit, 409, "key_in_flight");
    expect_durable(visit, durable);
    co_sleep(CO_CLOCK_S); /* by now nothing confirms that the ledger is this server's */
    visit_call(visit, &(struct request){.path = "/accounts/untouched", .headers = IMPATIENT});
    EXPECT_PROBLEM(visit, 503, "unavailable");
    withdraw(visit, "stall-3", IMPATIENT);
    EXPECT_PROBLEM(visit, 503, "unavailable");
    CU_ASSERT_EQUAL(service_probe(service, "/readyz"), 503);
    visit_call(visit, &(struct request){.path = settle, .headers = IMPATIENT});
    EXPECT_PROBLEM(visit, 409, "key_in_flight"); /* it may happen yet: never "none" */
    expect_durable(visit, durable);
    visit_get(visit, "/livez");
    EXPECT_STATUS(visit, 200);
}

static void stalled(const char *strategy)
{
    struct service service;
    struct visit visit;
    char settle[128] = "";
    CU_ASSERT_FATAL(service_make(&service, strategy, NULL));
    visit_begin(&visit, &service);
    CU_ASSERT(visit_fund(&visit, "untouched", 100));
    CU_ASSERT(visit_fund(&visit, "stalled", 100));
    int64_t durable = visit.response.seq;
    service_signal_postgres(&service, SIGSTOP);
    struct patient patient = {.service = &service};
    co_waitgroup_add(&patient.running, 1);
    co_ensure(co_spawn(wait_patiently, &patient));
    /* It is decided, and cannot be durable. */
    CU_ASSERT(visit_figure_becomes(&visit, "teller_pending_entries{ledger=\"main\"}", 1));
    look_at_the_stall(&service, &visit, durable, settle);
    CU_ASSERT_EQUAL(patient.answered_ns, 0);
    service_signal_postgres(&service, SIGCONT);

    co_waitgroup_wait(&patient.running);
    EXPECT_STATUS(&patient.visit, 201);
    withdraw(&visit, "stall-1", NULL);
    EXPECT_STATUS(&visit, 201);
    CU_ASSERT(visit.response.replayed);
    CU_ASSERT(service_await_ready(&service, 20 * CO_CLOCK_S));
    withdraw(&visit, "stall-2", NULL); /* what 504 left open: refused, once and for all */
    EXPECT_PROBLEM(&visit, 422, "insufficient_funds");
    CU_ASSERT(visit.response.replayed);
    visit_get(&visit, settle);
    EXPECT_STATUS(&visit, 200);
    CU_ASSERT_PTR_NOT_NULL(
        memmem(visit.response.body, visit.response.body_length, "stall-2", strlen("stall-2")));
    visit_get(&visit, "/accounts/stalled");
    CU_ASSERT(visit_is(&visit, "balance", "\"20\""));
    visit_end(&patient.visit);
    visit_end(&visit);
    CU_ASSERT_EQUAL(service_stop(&service), 0);
    service_remove(&service);
}
BOTH_STRATEGIES(stalled)

/* A ledger that is asked for while the database does not answer: 503, whether its row gets in or
 * not; the same request again makes it, or finds it made, and it takes money. */
static void made_in_a_stall(void)
{
    static const char path[] = "/v1/ledgers", body[] = "{\"name\":\"late\"}";
    struct service service;
    struct visit visit;
    CU_ASSERT_FATAL(service_make(&service, "owner", NULL));
    visit_begin(&visit, &service);
    service_signal_postgres(&service, SIGSTOP);
    for (int i = 0; i < 2; i++) {
        visit_call(&visit,
            &(struct request){
                .path = path, .headers = IMPATIENT, .body = body, .body_length = sizeof body - 1});
        EXPECT_PROBLEM(&visit, 503, "unavailable");
    }
    service_signal_postgres(&service, SIGCONT);
    CU_ASSERT(service_await_ready(&service, 20 * CO_CLOCK_S));
    visit_post(&visit, path, NULL, body);
    CU_ASSERT(visit.response.status == 201 || visit.response.status == 200);
    visit_post(&visit, path, NULL, body);
    EXPECT_STATUS(&visit, 200);
    visit.api.ledger = "late";
    CU_ASSERT(visit_fund(&visit, "first", 5));
    CU_ASSERT(visit_balance_is(&visit, "first", 5));
    visit_end(&visit);
    CU_ASSERT_EQUAL(service_stop(&service), 0);
    service_remove(&service);
}

const struct unit_suite stalls_suite = {"stalls", 2,
    (const struct unit_test[]){BOTH_ROWS(stalled), {"made_in_a_stall", made_in_a_stall}, {0}}};
