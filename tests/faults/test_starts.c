/* SPDX-License-Identifier: MIT */
/* The database dies at the first statement of a start, at the second ...: the start waits for it,
 * and says so. */
#include "tests/faults/suites.h"

#include <stdio.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "tests/faults/database.h"
#include "tests/faults/trial.h"
#include "tests/service/visit.h"

enum { AWAY_MS = 300, STEP_MS = 2, PATIENCE_S = 90, TEXT = 1 << 15 };

#define AWAY "the database is away"

struct start {
    struct database database;
    struct proxy proxy;
    struct service service;
    char url[DATABASE_URL];
};

/* It has been started once: a later start finds a bank. */
static void begin(struct start *start)
{
    database_make(&start->database, "starts");
    database_hide(&start->database, &start->proxy, "", start->url);
    service_prepare(&start->service, unit_seed() % 2 ? "owner" : "sharded",
        (const char *const[]){"--database", start->url, NULL});
    CU_ASSERT_FATAL(service_run(&start->service));
    service_kill(&start->service);
}

static void end(struct start *start)
{
    start->proxy.is_cut = false;
    service_remove(&start->service);
    proxy_stop(&start->proxy);
}

/* --- it comes back --------------------------------------------------------------------------- */

struct revival {
    struct proxy *proxy;
    bool is_over; /* the start is */
    struct co_waitgroup running;
};

static void revive(void *arg)
{
    struct revival *revival = arg;
    while (!revival->proxy->is_cut && !revival->is_over)
        co_sleep(STEP_MS * CO_CLOCK_MS);
    if (revival->proxy->is_cut)
        co_sleep(AWAY_MS * CO_CLOCK_MS);
    revival->proxy->is_cut = false;
    co_waitgroup_done(&revival->running);
}

/* Start it while the database dies at its n-th statement. False: it has fewer, or it ended. */
static bool survives(struct start *start, int n)
{
    struct revival revival = {.proxy = &start->proxy};
    start->proxy.cut_at = n;
    co_waitgroup_add(&revival.running, 1);
    co_ensure(co_spawn_local(revive, &revival));
    bool up = service_run(&start->service);
    bool died = start->proxy.cut_at == 0;
    start->proxy.cut_at = 0;
    revival.is_over = true;
    co_waitgroup_wait(&revival.running);
    CU_ASSERT(up);
    if (!up)
        printf("\n    the database died at statement %d: exit status %d\n    ", n,
            start->service.exit_code);
    return up && died;
}

/* It does what it is there for: a token of the database's is known, and it reads. */
static void is_whole(const struct service *service)
{
    struct visit visit;
    visit_begin(&visit, service);
    visit_get(&visit, "/transfers?key=nobody");
    EXPECT_STATUS(&visit, 200);
    visit_end(&visit);
}

/* Each of a start on a database that has a bank; in the short form each fifth. */
static void and_comes_back(void)
{
    struct start start;
    int step = trial_is_long() ? 1 : 5, starts = 0;
    begin(&start);
    for (int n = 1 + (int)(unit_seed() % (unsigned)step); survives(&start, n); n += step) {
        is_whole(&start.service);
        service_kill(&start.service);
        starts++;
    }
    CU_ASSERT(starts > 50 / step);
    printf("[%d times] ", starts);
    trial_tally.cuts += (unsigned long)starts;
    end(&start);
}

/* --- it stays away ---------------------------------------------------------------------------- */

/* It says in its log what it waits for, and to whoever asks that it is not ready, and why. */
static bool says_so(const struct service *service)
{
    static char text[TEXT];
    struct visit visit;
    service_read_output(service, text, sizeof text);
    visit_begin(&visit, service);
    visit_get(&visit, "/livez");
    bool lives = visit.response.status == 200;
    visit_get(&visit, "/readyz");
    bool says = visit.response.status == 503 && visit_is(&visit, "reason", "\"" AWAY "\"");
    visit_end(&visit);
    return strstr(text, AWAY) && lives && says;
}

/* Start it, and let the database die at its n-th statement: it waits until SIGTERM ends it. False:
 * it has fewer. */
static bool waits(struct start *start, int n)
{
    int64_t until = co_clock_now_ns() + PATIENCE_S * CO_CLOCK_S;
    struct service *service = &start->service;
    bool said = false;
    service->quiet = true;
    service->start_seconds = 1;
    start->proxy.cut_at = n;
    bool up = service_run(service);
    while (!up && service->pid && start->proxy.cut_at > 0 && co_clock_now_ns() < until) {
        co_sleep(50 * CO_CLOCK_MS); /* a second is not enough on a busy machine */
        up = service_probe(service, "/readyz") == 200;
    }
    bool died = !up && start->proxy.cut_at == 0;
    CU_ASSERT(up || service->pid != 0);
    while (died && service->pid && !(said = says_so(service)) && co_clock_now_ns() < until)
        co_sleep(50 * CO_CLOCK_MS);
    if (died && service->pid)
        CU_ASSERT_EQUAL(service_stop(service), 0);
    if (service->pid)
        service_kill(service);
    CU_ASSERT(said || !died);
    if (!said && died)
        printf("\n    it does not say that the database died at statement %d\n    ", n);
    start->proxy.cut_at = 0;
    start->proxy.is_cut = false;
    return died;
}

/* Each fifth statement; in the short form each twentieth. */
static void and_stays_away(void)
{
    struct start start;
    int step = trial_is_long() ? 5 : 20, starts = 0;
    begin(&start);
    for (int n = 1 + (int)(unit_seed() % (unsigned)step); waits(&start, n); n += step)
        starts++;
    CU_ASSERT(starts > 50 / step);
    printf("[%d times] ", starts);
    end(&start);
}

const struct unit_suite starts_suite = {"starts", 2,
    (const struct unit_test[]){
        {"and_comes_back", and_comes_back}, {"and_stays_away", and_stays_away}, {0}}};
