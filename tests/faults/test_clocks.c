/* SPDX-License-Identifier: MIT */
/* Two servers on one database whose clocks differ by less than they may. What one has told of a
 * moment is so forever: whoever has the ledger after it writes nothing at that time. */
#include "tests/faults/suites.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "tests/faults/database.h"
#include "tests/faults/shimmed.h"
#include "tests/service/standby.h"
#include "tests/service/visit.h"

enum { AHEAD_S = 45, MOMENTS = 3, PATIENCE_S = 60 };

struct pair {
    struct shimmed shimmed; /* of the first, whose clock is ahead */
    struct service first;
    struct standby second;
    struct database database;
};

struct moment {
    char path[96]; /* of the account at that time */
    int64_t seq;
};

static void begin(struct pair *pair, const char *strategy)
{
    struct visit visit;
    memset(pair, 0, sizeof *pair);
    database_make(&pair->database, "clocks");
    standby_prepare(&pair->first, strategy, pair->database.url);
    shimmed_begin(&pair->shimmed);
    pair->shimmed.control->clock_offset_s = AHEAD_S / 2;
    bool up = service_run(&pair->first);
    shimmed_spare();
    CU_ASSERT_FATAL(up);
    visit_begin(&visit, &pair->first);
    CU_ASSERT(visit_fund(&visit, "alice", 100));
    visit_end(&visit);
    standby_make(&pair->second, &pair->first, pair->database.url);
    standby_start(&pair->second);
    int64_t until = co_clock_now_ns() + PATIENCE_S * CO_CLOCK_S;
    while (service_probe(&pair->second.service, "/livez") != 200 && co_clock_now_ns() < until)
        co_sleep(10 * CO_CLOCK_MS);
    standby_look(&pair->second);
}

static void end(struct pair *pair)
{
    if (pair->first.pid)
        CU_ASSERT_EQUAL(service_stop(&pair->first), 0);
    (void)!standby_await(&pair->second);
    service_remove(&pair->first);
    service_remove(&pair->second.service);
    shimmed_end(&pair->shimmed);
}

/* What the account is now, by a clock that is that many seconds ahead. */
static void ask_now(struct visit *visit, long ahead_s, struct moment *moment)
{
    char second[32];
    struct tm parts;
    int64_t now_us = co_clock_wall_us() + ahead_s * 1000000;
    time_t now_s = now_us / 1000000;
    CU_ASSERT_FATAL(gmtime_r(&now_s, &parts) && strftime(second, sizeof second, "%FT%T", &parts));
    snprintf(moment->path, sizeof moment->path, "/accounts/alice?at=%s.%06ldZ", second,
        (long)(now_us % 1000000));
    visit_get(visit, moment->path);
    EXPECT_STATUS(visit, 200);
    CU_ASSERT(visit_is(visit, "balance", "\"100\""));
    moment->seq = visit->response.seq;
}

/* The first tells what is so now, also right after its clock was set on; then it is gone. The
 * second pays in immediately, by a clock that is far behind those moments. */
static void told_for_good(const char *strategy, bool killed)
{
    static struct pair pair;
    struct moment moments[MOMENTS];
    struct visit visit;
    begin(&pair, strategy);
    visit_begin(&visit, &pair.first);
    ask_now(&visit, AHEAD_S / 2, &moments[0]);
    pair.shimmed.control->clock_offset_s = AHEAD_S;
    ask_now(&visit, AHEAD_S, &moments[1]);
    co_sleep(CO_CLOCK_S);
    ask_now(&visit, AHEAD_S, &moments[2]);
    visit_end(&visit);
    if (killed)
        service_kill(&pair.first);
    else
        CU_ASSERT_EQUAL(service_stop(&pair.first), 0);
    CU_ASSERT_FATAL(standby_await(&pair.second));
    visit_begin(&visit, &pair.second.service);
    visit_post(&visit, "/accounts/alice/deposit", "one", "{\"amount\":1}");
    EXPECT_STATUS(&visit, 201);
    for (int i = 0; i < MOMENTS; i++) {
        visit_get(&visit, moments[i].path);
        EXPECT_STATUS(&visit, 200);
        CU_ASSERT(visit_is(&visit, "balance", "\"100\""));
        CU_ASSERT_EQUAL(visit.response.seq, moments[i].seq);
    }
    CU_ASSERT(visit_balance_is(&visit, "alice", 101));
    visit_end(&visit);
    end(&pair);
}

static void after_a_kill(void)
{
    told_for_good(unit_seed() % 2 ? "owner" : "sharded", true);
}

static void after_a_stop(void)
{
    told_for_good(unit_seed() % 2 ? "sharded" : "owner", false);
}

const struct unit_suite clocks_suite = {"clocks", 2,
    (const struct unit_test[]){
        {"after_a_kill", after_a_kill}, {"after_a_stop", after_a_stop}, {0}}};
