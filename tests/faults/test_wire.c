/* SPDX-License-Identifier: MIT */
/* What happens on the way to the database: the connection is cut at each byte around COMMIT, COMMIT
 * arrives when nothing waits for it any more, or does not commit, or an error comes instead. */
#include "tests/faults/suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/blocking.h"
#include "coro/clock.h"
#include "coro/co.h"
#include "coro/waitgroup.h"
#include "tests/faults/database.h"
#include "tests/faults/trial.h"
#include "tests/service/standby.h"
#include "tests/service/visit.h"

enum {
    CLIENTS = 64,
    READERS = 8,
    BEFORE = 8,
    COPY_DONE = 5,
    ANSWERS = 3,
    STEP_MS = 1,
    FIRES_WITHIN_S = 60,
    TEXT = 300
};

struct journey {
    struct database database;
    struct proxy proxy;
    struct trial trial;
    char url[DATABASE_URL];
};

static void begin_with(struct journey *journey, const char *strategy, size_t clients)
{
    database_make(&journey->database, "wire");
    database_hide(&journey->database, &journey->proxy, "", journey->url);
    trial_begin_with(&journey->trial, strategy,
        (const char *const[]){"--database", journey->url, NULL}, clients);
}

static void begin(struct journey *journey, const char *strategy)
{
    begin_with(journey, strategy, CLIENTS);
}

static void end(struct journey *journey)
{
    trial_end(&journey->trial);
    proxy_stop(&journey->proxy);
}

/* A second program beside the one of the trial, with a link of its own; up to now it looks on. */
static void stand_by(const struct journey *journey, struct standby *standby)
{
    standby_make(standby, &journey->trial.service, journey->database.url);
    standby_start(standby);
    int64_t until = co_clock_now_ns() + FIRES_WITHIN_S * CO_CLOCK_S;
    while (service_probe(&standby->service, "/livez") != 200 && co_clock_now_ns() < until)
        co_sleep(STEP_MS * CO_CLOCK_MS);
    standby_look(standby);
}

/* Arm the proxy and wait until it has struck. */
static void strike(struct journey *journey, enum proxy_fault fault, int at, const char *sqlstate)
{
    journey->proxy.at = at;
    journey->proxy.sqlstate = sqlstate;
    journey->proxy.fault = fault;
    int64_t until = co_clock_now_ns() + FIRES_WITHIN_S * CO_CLOCK_S;
    while (journey->proxy.fault != PROXY_NONE && co_clock_now_ns() < until)
        co_sleep(STEP_MS * CO_CLOCK_MS);
    CU_ASSERT_EQUAL(journey->proxy.fault, PROXY_NONE);
    trial_tally.cuts++;
}

static void all_of_it(const char *strategy, int rounds)
{
    static const char *const passing[] = {"53100", "53200", "57P01", "40001"};
    struct journey journey;
    begin(&journey, strategy);
    for (; rounds > 0; rounds--) {
        for (int at = -BEFORE; at <= COPY_DONE; at++)
            strike(&journey, PROXY_CUT_REQUEST, at, "");
        for (int at = 0; at < PROXY_REPLY_BYTES; at++)
            strike(&journey, PROXY_CUT_REPLY, at, "");
        for (int i = 0; i < 5; i++)
            strike(&journey, PROXY_ROLLBACK, 0, "");
        for (int at = 0; at < ANSWERS; at++)
            for (size_t i = 0; i < sizeof passing / sizeof passing[0]; i++)
                strike(&journey, PROXY_ERROR, at, passing[i]);
        trial_progress(&journey.trial, 50);
        strike(&journey, PROXY_ZOMBIE, 1000, "");
        trial_progress(&journey.trial, 50);
        strike(&journey, PROXY_ZOMBIE, 2000, "");
        trial_progress(&journey.trial, 50);
    }
    trial_verify(&journey.trial);
    end(&journey);
}

static void passing(void)
{
    all_of_it("owner", trial_is_long() ? 10 : 1);
    if (trial_is_long())
        all_of_it("sharded", 10);
}

/* The stop of a ledger outlives the program: its journal is found whole, and it is resumed. */
static void resume(void *url)
{
    char command[2 * TEXT + SERVICE_PROGRAM], program[SERVICE_PROGRAM];
    service_program(program);
    snprintf(command, sizeof command, "'%s' audit --resume --database '%s' >/dev/null 2>&1",
        program, (const char *)url);
    CU_ASSERT_EQUAL(system(command), 0);
}

/* An error that says our own batch is wrong: it writes no more, and says so; the journal is whole.
 */
static void refused(void)
{
    struct journey journey;
    for (int at = 0; at < (trial_is_long() ? ANSWERS : 1); at++) {
        begin(&journey, "sharded");
        trial_progress(&journey.trial, 50);
        strike(&journey, PROXY_ERROR, at, "23514");
        for (int i = 0; i < 100 && service_probe(&journey.trial.service, "/readyz") == 200; i++)
            co_sleep(20 * CO_CLOCK_MS);
        CU_ASSERT_EQUAL(service_probe(&journey.trial.service, "/readyz"), 503);
        CU_ASSERT_EQUAL(service_probe(&journey.trial.service, "/livez"), 200);
        trial_kill(&journey.trial);
        co_blocking_call(resume, journey.url);
        if (trial_restart(&journey.trial, NULL)) {
            trial_progress(&journey.trial, 50);
            trial_verify(&journey.trial);
        }
        end(&journey);
    }
}

/* The link goes dead without a word, its connections stay so when it is back. Nobody but the
 * program itself can notice: TCP is alive. */
struct reading {
    const struct service *service;
    int64_t took_ns;
    int status;
    struct co_waitgroup running;
};

/* Something that only the database knows; the first answer, whatever it is. */
static void read_database(void *arg)
{
    struct reading *reading = arg;
    struct visit visit;
    int64_t since = co_clock_now_ns();
    visit_begin(&visit, reading->service);
    visit_get(&visit, "/transfers?key=nobody");
    reading->status = visit.response.status;
    reading->took_ns = co_clock_now_ns() - since;
    visit_end(&visit);
    co_waitgroup_done(&reading->running);
}

static void swallowed(void)
{
    static const char retried[] = "teller_retried_batches_total{ledger=\"main\"}";
    struct journey journey;
    begin(&journey, unit_seed() % 2 ? "owner" : "sharded");
    trial_progress(&journey.trial, 50);
    struct reading reading = {.service = &journey.trial.service};
    for (int i = 0; i < 2 * READERS; i++) { /* all of its connections for reading are there then */
        co_waitgroup_add(&reading.running, 1);
        read_database(&reading);
        CU_ASSERT_EQUAL(reading.status, 200);
    }
    journey.proxy.swallows = true;
    co_waitgroup_add(&reading.running, 1);
    co_ensure(co_spawn(read_database, &reading));
    int64_t since = co_clock_now_ns(), until = since + FIRES_WITHIN_S * CO_CLOCK_S;
    while (trial_metric(&journey.trial.service, retried) < 1 && co_clock_now_ns() < until)
        co_sleep(20 * CO_CLOCK_MS);
    CU_ASSERT(co_clock_now_ns() < until);
    printf("[noticed after %lld ms] ", (long long)((co_clock_now_ns() - since) / CO_CLOCK_MS));
    co_waitgroup_wait(&reading.running); /* long before a request's time is up */
    CU_ASSERT_EQUAL(reading.status, 503);
    CU_ASSERT(reading.took_ns < 25 * CO_CLOCK_S);
    printf("[read after %lld ms] ", (long long)(reading.took_ns / CO_CLOCK_MS));
    journey.proxy.swallows = false;
    trial_progress(&journey.trial, 50);
    trial_verify(&journey.trial);
    end(&journey);
}

/* The largest batch that a client can send. */
enum { TRANSFERS = 10000, ITEM = 100 };

static size_t write_batch(char body[TRANSFERS * ITEM])
{
    static const char item[] =
        "{\"from\":\"slow\",\"to\":\"sink\",\"amount\":1,\"key\":\"slow-%d\"},";
    size_t length = (size_t)snprintf(body, ITEM, "{\"transfers\":[");
    for (int i = 0; i < TRANSFERS; i++)
        length += (size_t)snprintf(body + length, ITEM, item, i);
    return length + (size_t)snprintf(body + length - 1, ITEM, "]}") - 1;
}

/* It goes over a link of 100 KB a second, which the beats share: it takes long and is not given up
 * while it moves, and the standby, on a link of its own, leaves the writer alone. */
static void slow(void)
{
    enum { PACE = 100000 };
    static const char retried[] = "teller_retried_batches_total{ledger=\"main\"}";
    static const char epoch[] = "teller_epoch{ledger=\"main\"}";
    static struct standby standby;
    struct journey journey;
    struct visit visit;
    char *body = malloc(TRANSFERS * ITEM);
    begin_with(&journey, unit_seed() % 2 ? "owner" : "sharded", 2);
    workload_stop(&journey.trial.workload);
    stand_by(&journey, &standby);
    visit_begin(&visit, &journey.trial.service);
    client_free(&visit.client);
    visit.client = visit.api.client = client_make(&journey.trial.service.target, 300 * CO_CLOCK_S);
    CU_ASSERT(visit_fund(&visit, "slow", TRANSFERS));
    CU_ASSERT(visit_fund(&visit, "sink", 0));
    long was = trial_metric(&journey.trial.service, epoch);
    size_t length = write_batch(body);
    journey.proxy.pace = PACE;
    int64_t since = co_clock_now_ns();
    visit_call(&visit, &(struct request){.path = "/transfers/batch",
                           .headers = "Prefer: wait=300\r\n",
                           .body = body,
                           .body_length = length});
    int64_t took_ms = (co_clock_now_ns() - since) / CO_CLOCK_MS;
    EXPECT_STATUS(&visit, 200);
    CU_ASSERT(took_ms > 10000);
    CU_ASSERT_FALSE(standby.over);
    CU_ASSERT_EQUAL(trial_metric(&journey.trial.service, retried), 0);
    CU_ASSERT(was > 0 && trial_metric(&journey.trial.service, epoch) == was);
    printf("[%lld ms] ", (long long)took_ms);
    journey.proxy.pace = 0;
    CU_ASSERT(visit_balance_is(&visit, "sink", TRANSFERS));
    visit_end(&visit);
    free(body);
    trial_end(&journey.trial);
    CU_ASSERT(standby_await(&standby)); /* it has been there all the while */
    service_remove(&standby.service);
    proxy_stop(&journey.proxy);
}

const struct unit_suite wire_suite = {"wire", 2,
    (const struct unit_test[]){
        {"passing", passing}, {"refused", refused}, {"swallowed", swallowed}, {"slow", slow}, {0}}};
