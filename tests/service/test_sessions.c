/* SPDX-License-Identifier: MIT */
/* Two programs on one database, whose sessions are ended: whoever serves tells nothing that is old,
 * and the standby goes on standing by, whatever becomes of the database. */
#include "tests/service/suites.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/blocking.h"
#include "coro/clock.h"
#include "coro/co.h"
#include "tests/service/standby.h"
#include "tests/service/visit.h"

enum { SIDES = 2, TEXT = 1000, PATIENCE_S = 60 };

/* The two programs, and a third one that lends its PostgreSQL: they use a database that it does
 * not. What one knows of the journal for sure, because it was acknowledged, counts for all. */
static struct duel {
    struct service host, first;
    struct standby second;
    struct service *sides[SIDES];
    char urls[SIDES][TEXT];
    _Atomic int64_t paid, position;    /* acknowledged */
    _Atomic size_t told[SIDES], stale; /* answers that were 200, and those of them that were old */
    _Atomic size_t payee;              /* the side that is paid in at */
    _Atomic bool stop;
    struct co_waitgroup running;
} duel;

static void run_psql(void *arg)
{
    CU_ASSERT_EQUAL(system(arg), 0);
}

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
    static char sql[TEXT], command[2 * TEXT];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sql, sizeof sql, format, arguments);
    va_end(arguments);
    snprintf(command, sizeof command,
        "psql -qXAt -v ON_ERROR_STOP=1 -h %s/postgres -U postgres -d template1 -c \"%s\""
        " >/dev/null",
        duel.host.folder, sql);
    co_blocking_call(run_psql, command);
}

static void begin(const char *strategy)
{
    memset(&duel, 0, sizeof duel);
    CU_ASSERT_FATAL(service_make(&duel.host, strategy, NULL));
    for (int i = 0; i < SIDES; i++)
        snprintf(duel.urls[i], sizeof duel.urls[i],
            "host=%s/postgres user=postgres dbname=template1 application_name=side%d",
            duel.host.folder, i);
    standby_prepare(&duel.first, strategy, duel.urls[0]);
    CU_ASSERT_FATAL(service_run(&duel.first));
    standby_make(&duel.second, &duel.first, duel.urls[1]);
    duel.sides[0] = &duel.first;
    duel.sides[1] = &duel.second.service;
    struct visit visit;
    visit_begin(&visit, &duel.first);
    CU_ASSERT(visit_fund(&visit, "paid", 0));
    visit_end(&visit);
    standby_start(&duel.second);
    while (service_probe(duel.sides[1], "/livez") != 200 && !duel.second.over)
        co_sleep(5 * CO_CLOCK_MS);
}

static void end(void)
{
    if (duel.first.pid)
        CU_ASSERT_EQUAL(service_stop(&duel.first), 0);
    CU_ASSERT(standby_await(&duel.second));
    service_remove(&duel.first);
    service_remove(&duel.second.service);
    service_remove(&duel.host);
}

/* ---- what is told -------------------------------------------------------------------------- */

/* Pay in 1, over and over, each with a key of its own until it is acknowledged; at the side that
 * is to serve: the other one is left to find out by itself that it does not any more. */
static void pay(void *arg)
{
    struct visit visits[SIDES];
    char key[32];
    (void)arg;
    for (int i = 0; i < SIDES; i++)
        visit_begin(&visits[i], duel.sides[i]);
    while (!duel.stop) {
        struct visit *visit = &visits[duel.payee];
        snprintf(key, sizeof key, "pay-%lld", (long long)duel.paid);
        visit_post(visit, "/accounts/paid/deposit", key, "{\"amount\":1}");
        if (visit->response.status == 201) {
            duel.position = visit->response.seq;
            duel.paid++;
        } else {
            co_sleep(2 * CO_CLOCK_MS);
        }
    }
    for (int i = 0; i < SIDES; i++)
        visit_end(&visits[i]);
    co_waitgroup_done(&duel.running);
}

static void look(struct visit *visit, size_t side, const char *path, bool has_balance)
{
    int64_t paid = duel.paid, position = duel.position, balance = 0;
    visit_get(visit, path);
    if (visit->response.status != 200)
        return;
    duel.told[side]++;
    bool old = visit->response.seq < position;
    if (has_balance)
        old |= !json_view_integer(json_view_member(visit->body, "balance"), &balance) ||
               balance < paid;
    if (old && duel.stale++ == 0)
        printf("\n    side %zu: %s at seq %lld with %lld, after %lld at seq %lld\n    ", side, path,
            (long long)visit->response.seq, (long long)balance, (long long)paid,
            (long long)position);
}

static void await_payments(void)
{
    enum { SOME = 20 };
    int64_t upto = duel.paid + SOME, until = co_clock_now_ns() + PATIENCE_S * CO_CLOCK_S;
    while (duel.paid < upto && co_clock_now_ns() < until)
        co_sleep(5 * CO_CLOCK_MS);
    CU_ASSERT(duel.paid >= upto);
}

/* Memory and the database, over and over, of one side. */
static void read_side(size_t side)
{
    struct visit visit;
    visit_begin(&visit, duel.sides[side]);
    while (!duel.stop) {
        look(&visit, side, "/accounts/paid", true);
        look(&visit, side, "/accounts", false);
        look(&visit, side, "/accounts/paid/entries?limit=1", false);
        look(&visit, side, "/journal?limit=1", false);
        co_sleep(CO_CLOCK_MS);
    }
    visit_end(&visit);
    co_waitgroup_done(&duel.running);
}

static void read_first(void *arg)
{
    (void)arg;
    read_side(0);
}

static void read_second(void *arg)
{
    (void)arg;
    read_side(1);
}

/* ---- the end of sessions ------------------------------------------------------------------- */

/* The side that serves; a failure if none does for long. */
static size_t find_owner(void)
{
    int64_t until = co_clock_now_ns() + PATIENCE_S * CO_CLOCK_S;
    while (co_clock_now_ns() < until) {
        for (size_t i = 0; i < SIDES; i++)
            if (service_probe(duel.sides[i], "/readyz") == 200)
                return i;
        co_sleep(5 * CO_CLOCK_MS);
    }
    CU_FAIL("neither of the two serves");
    return 0;
}

/* For two seconds, whichever are there. */
static void end_sessions(const char *which)
{
    say("DO \\$\\$BEGIN FOR i IN 1..200 LOOP PERFORM pg_stat_clear_snapshot();"
        " PERFORM pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid() AND %s;"
        " PERFORM pg_sleep(0.01); END LOOP; END\\$\\$",
        which);
}

static void end_writer(void)
{
    end_sessions("application_name LIKE 'teller %'");
}

static void end_readers(void)
{
    end_sessions("application_name LIKE 'side%' AND query !~ 'server_beat|FROM ledger l JOIN'");
}

/* Each beat of the owner ends its own session, until the other one serves. */
static void end_beats(void)
{
    size_t owner = find_owner();
    say("CREATE OR REPLACE FUNCTION public.end_beat() RETURNS trigger LANGUAGE plpgsql AS"
        " \\$\\$BEGIN IF NEW.beat <> OLD.beat"
        " AND current_setting('application_name') = 'side%zu' THEN"
        " PERFORM pg_terminate_backend(pg_backend_pid()), pg_sleep(5); END IF;"
        " RETURN NEW; END\\$\\$;"
        "CREATE TRIGGER end_beat BEFORE UPDATE ON teller.server FOR EACH ROW"
        " EXECUTE FUNCTION public.end_beat()",
        owner);
    duel.payee = 1 - owner;
    await_payments();
    say("DROP TRIGGER end_beat ON teller.server");
}

/* Whichever kind of session it is, and whoever serves then. */
static void each_kind_is_ended(const char *strategy)
{
    static void (*const kinds[])(void) = {end_writer, end_beats, end_readers};
    enum { KINDS = sizeof kinds / sizeof kinds[0], ROUNDS = 2 * KINDS };
    begin(strategy);
    co_waitgroup_add(&duel.running, 3);
    co_ensure(co_spawn(pay, NULL) && co_spawn(read_first, NULL) && co_spawn(read_second, NULL));
    for (int round = 0; round < ROUNDS; round++) {
        kinds[round % KINDS]();
        await_payments();
    }
    duel.stop = true;
    co_waitgroup_wait(&duel.running);
    CU_ASSERT_EQUAL(duel.stale, 0);
    CU_ASSERT(duel.told[0] > 0 && duel.told[1] > 0);
    struct visit visit;
    visit_begin(&visit, duel.sides[find_owner()]);
    CU_ASSERT(visit_balance_is(&visit, "paid", duel.paid));
    visit_end(&visit);
    printf("[%lld paid, %zu and %zu told] ", (long long)duel.paid, duel.told[0], duel.told[1]);
    end();
}
BOTH_STRATEGIES(each_kind_is_ended)

/* ---- standing by --------------------------------------------------------------------------- */

/* Look at the standby all the while, until the first one serves well for a second. */
static void look_on(void)
{
    int64_t until = co_clock_now_ns() + PATIENCE_S * CO_CLOCK_S, well_ns = 0;
    while (co_clock_now_ns() < until && (!well_ns || co_clock_now_ns() - well_ns < CO_CLOCK_S)) {
        standby_look(&duel.second);
        bool well = service_probe(&duel.first, "/readyz") == 200;
        well_ns = !well ? 0 : well_ns ? well_ns : co_clock_now_ns();
        co_sleep(5 * CO_CLOCK_MS);
    }
    CU_ASSERT(well_ns != 0);
    CU_ASSERT_FALSE(duel.second.over); /* the one that had the ledger keeps it */
}

static void standby_survives(void)
{
    static const int signals[] = {SIGINT, SIGKILL, SIGQUIT, SIGINT};
    struct visit visit;
    begin(unit_seed() % 2 ? "owner" : "sharded");
    look_on();
    for (int i = 0; i < 3; i++) {
        say("SELECT 1 / count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = 'side1'");
        look_on();
    }
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        kill(service_postmaster(&duel.host), signals[i]);
        look_on();
    }
    visit_begin(&visit, &duel.first);
    visit_post(&visit, "/accounts/paid/deposit", "last", "{\"amount\":7}");
    EXPECT_STATUS(&visit, 201);
    visit_end(&visit);
    CU_ASSERT_EQUAL(service_stop(&duel.first), 0);
    CU_ASSERT(standby_await(&duel.second));
    visit_begin(&visit, &duel.second.service);
    CU_ASSERT(visit_balance_is(&visit, "paid", 7));
    visit_end(&visit);
    end();
}

const struct unit_suite sessions_suite = {"sessions", 2,
    (const struct unit_test[]){
        BOTH_ROWS(each_kind_is_ended), {"standby_survives", standby_survives}, {0}}};
