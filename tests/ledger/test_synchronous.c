/* SPDX-License-Identifier: MIT */
/* Replication is synchronous: nothing is told as done before a standby has it, however the wait for
 * the standby ends. */
#include <stdio.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/waitgroup.h"
#include "ledger/db/pg.h"
#include "tests/ledger/requests.h"

struct payment {
    struct ledger *ledger;
    enum ledger_status status;
    _Atomic bool answered;
    struct co_waitgroup running;
};

static void pay(void *arg)
{
    struct payment *payment = arg;
    payment->status = fixture_move(payment->ledger, "k", "a", "b", 10);
    payment->answered = true;
    co_waitgroup_done(&payment->running);
}

/* No standby is there. Each wait for it is ended from outside as soon as there is one, many times;
 * then replication is no longer synchronous, and what was decided is in, once. */
static void no_standby(const char *how)
{
    enum { TIMES = 4 };
    char ask[300];
    const char *db = fixture_database();
    struct ledger *ledger = fixture_open_abc(db, "owner");
    struct payment payment = {.ledger = ledger};
    snprintf(ask, sizeof ask,
        "SELECT count(%s(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
        " AND datname = current_database() AND backend_type = 'client backend'",
        how);
    fixture_set_server(db, "synchronous_standby_names", "nobody");
    co_waitgroup_add(&payment.running, 1);
    co_ensure(co_spawn(pay, &payment));
    int ended = 0;
    for (int looks = 0; ended < TIMES && looks < 3000 && !payment.answered; looks++) {
        ended += strcmp(fixture_ask(db, ask), "0") != 0;
        co_sleep(10 * CO_CLOCK_MS);
    }
    CU_ASSERT_EQUAL(ended, TIMES);
    CU_ASSERT_FALSE(payment.answered);
    CU_ASSERT_STRING_EQUAL(
        fixture_ask(db, "SELECT count(*) FROM teller.entry WHERE key = 'k'"), "1");
    fixture_set_server(db, "synchronous_standby_names", NULL);
    co_waitgroup_wait(&payment.running);
    CU_ASSERT_EQUAL(payment.status, LEDGER_OK);
    request_expect(ledger, "a", 90, 0, 90);
    fixture_check(ledger);
    ledger_close(&ledger);
}

static void wait_is_cancelled(void)
{
    no_standby("pg_cancel_backend");
}

static void session_is_ended(void)
{
    no_standby("pg_terminate_backend");
}

/* Under --require-sync nothing is written while nobody is to have it; what was decided is, later.
 */
static void none_is_required(void)
{
    const char *db = fixture_database();
    struct ledger *ledger = fixture_open_abc(db, "owner");
    struct payment payment = {.ledger = ledger};
    pg_demand(&(struct pg_demands){.require_sync = true});
    co_waitgroup_add(&payment.running, 1);
    co_ensure(co_spawn(pay, &payment));
    struct ledger_figures figures = {0};
    for (int i = 0; i < 1000 && figures.state != LEDGER_RECOVERING; i++) {
        co_sleep(10 * CO_CLOCK_MS);
        ledger_read_figures(ledger, &figures);
    }
    CU_ASSERT_EQUAL(figures.state, LEDGER_RECOVERING);
    CU_ASSERT_FALSE(payment.answered);
    CU_ASSERT_STRING_EQUAL(
        fixture_ask(db, "SELECT count(*) FROM teller.entry WHERE key = 'k'"), "0");
    pg_demand(&(struct pg_demands){0});
    co_waitgroup_wait(&payment.running);
    CU_ASSERT_EQUAL(payment.status, LEDGER_OK);
    request_expect(ledger, "a", 90, 0, 90);
    fixture_check(ledger);
    ledger_close(&ledger);
}

static const struct unit_test tests[] = {{"wait_is_cancelled", wait_is_cancelled},
    {"session_is_ended", session_is_ended}, {"none_is_required", none_is_required}, {0}};
const struct unit_suite synchronous_suite = {.name = "synchronous", .tests = tests};
