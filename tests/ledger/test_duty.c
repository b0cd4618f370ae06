/* SPDX-License-Identifier: MIT */
#include "coro/duty.h"

#include "coro/clock.h"
#include "tests/unit.h"

enum { LONG_S = 600, A_WHILE_MS = 20 };

struct worker {
    struct co_duty duty;
    int64_t rest_ns;
    _Atomic int rounds, ended;
};

/* Works for a while, deaf to being told to stop, and rests. */
static void work(void *arg)
{
    struct worker *worker = arg;
    do {
        co_sleep(A_WHILE_MS * CO_CLOCK_MS);
        worker->rounds++;
    } while (co_duty_rest(&worker->duty, worker->rest_ns));
    worker->ended++;
}

static void begin(struct worker *worker)
{
    CU_ASSERT_TRUE_FATAL(co_duty_start("test duty", &worker->duty, work, worker));
}

static void rests_and_goes_on(void)
{
    struct worker worker = {.rest_ns = CO_CLOCK_MS};
    begin(&worker);
    while (worker.rounds < 3)
        co_sleep(CO_CLOCK_MS);
    CU_ASSERT_EQUAL(worker.ended, 0);
    co_duty_stop(&worker.duty);
    CU_ASSERT_EQUAL(worker.ended, 1);
}

static void stops_while_it_rests(void)
{
    struct worker worker = {.rest_ns = LONG_S * CO_CLOCK_S};
    begin(&worker);
    while (worker.rounds == 0)
        co_sleep(CO_CLOCK_MS);
    co_sleep(A_WHILE_MS * CO_CLOCK_MS);
    int64_t durable_ns = co_clock_now_ns();
    co_duty_stop(&worker.duty);
    CU_ASSERT_EQUAL(worker.ended, 1);
    CU_ASSERT(co_clock_now_ns() - durable_ns < LONG_S * CO_CLOCK_S / 10);
}

/* What it works on is not taken away: a stop waits for it, and its rest is skipped. */
static void stops_after_its_work(void)
{
    struct worker worker = {.rest_ns = LONG_S * CO_CLOCK_S};
    begin(&worker);
    co_yield();
    co_duty_stop(&worker.duty);
    CU_ASSERT_EQUAL(worker.rounds, 1);
    CU_ASSERT_EQUAL(worker.ended, 1);
}

static void end_at_once(void *arg)
{
    struct worker *worker = arg;
    worker->ended++;
}

static void stops_what_has_ended(void)
{
    struct worker worker = {0};
    co_duty_stop(&worker.duty); /* was not even started */
    CU_ASSERT_TRUE_FATAL(co_duty_start("test duty", &worker.duty, end_at_once, &worker));
    while (worker.ended == 0)
        co_sleep(CO_CLOCK_MS);
    co_duty_stop(&worker.duty);
    co_duty_stop(&worker.duty);
    begin(&worker); /* and it may be started again */
    co_duty_stop(&worker.duty);
    CU_ASSERT_EQUAL(worker.ended, 2);
}

static const struct unit_test tests[] = {{"rests_and_goes_on", rests_and_goes_on},
    {"stops_while_it_rests", stops_while_it_rests}, {"stops_after_its_work", stops_after_its_work},
    {"stops_what_has_ended", stops_what_has_ended}, {0}};
const struct unit_suite duty_suite = {.name = "duty", .tests = tests};
