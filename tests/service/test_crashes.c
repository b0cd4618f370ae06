/* SPDX-License-Identifier: MIT */
/* The program and its database are killed under load. What was acknowledged is there exactly once,
 * what was refused moved nothing, what is unknown happened at most once, and a retry settles it. */
#include "tests/service/suites.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "loadtest/dice.h"
#include "tests/service/checker.h"
#include "tests/service/visit.h"
#include "tests/service/workload.h"

enum { CLIENTS = 64, KILLS = 5, SHOWN = 10, PROGRESS = 200, PATIENCE_SECONDS = 90 };

struct trial {
    struct service service;
    struct workload workload;
    struct dice dice;
};

static void begin(struct trial *trial, const char *strategy)
{
    CU_ASSERT_FATAL(service_make(&trial->service, strategy, NULL));
    trial->dice = dice_make(unit_seed(), 7);
    CU_ASSERT_FATAL(workload_start(&trial->workload, &trial->service, CLIENTS, unit_seed() + 1));
}

/* Wait for some answers, and then for a moment that cannot be foreseen. */
static void let_it_run(struct trial *trial)
{
    CU_ASSERT(workload_await(&trial->workload, PROGRESS, PATIENCE_SECONDS * CO_CLOCK_S));
    co_sleep((int64_t)dice_below(&trial->dice, 300) * CO_CLOCK_MS);
}

/* Compare histories and journal; then settle what is unknown, and compare again. */
static void verify(struct trial *trial)
{
    struct workload *workload = &trial->workload;
    struct checker_figures before = {0}, after = {0};
    struct visit visit;
    workload_stop(workload);
    CU_ASSERT_FALSE(workload->failed);
    CU_ASSERT(service_await_ready(&trial->service, PATIENCE_SECONDS * CO_CLOCK_S));
    visit_begin(&visit, &trial->service);
    CU_ASSERT_EQUAL(checker_run(&visit.api, workload->histories, CLIENTS, SHOWN, &before), 0);
    CU_ASSERT(workload_settle(workload, PATIENCE_SECONDS * CO_CLOCK_S));
    CU_ASSERT_EQUAL(checker_run(&visit.api, workload->histories, CLIENTS, SHOWN, &after), 0);
    CU_ASSERT_EQUAL(after.unknown, 0);
    CU_ASSERT(after.reads > 0);
    printf("[%zu done, %zu refused, %zu read, %zu not executed, %zu unknown: %zu had happened] ",
        after.done, after.refused, after.reads, after.absent, before.unknown, before.unknown_done);
    visit_end(&visit);
}

static void end(struct trial *trial)
{
    workload_free(&trial->workload);
    service_remove(&trial->service);
}

/* Start the program again; false: it does not come up, and the trial is over. */
static bool restart(struct trial *trial)
{
    bool up = service_run(&trial->service);
    CU_ASSERT(up);
    if (!up) {
        workload_stop(&trial->workload);
        end(trial);
    }
    return up;
}

static void killed_server(const char *strategy)
{
    struct trial trial;
    begin(&trial, strategy);
    for (int i = 0; i < KILLS; i++) {
        let_it_run(&trial);
        service_kill(&trial.service);
        if (!restart(&trial))
            return;
    }
    let_it_run(&trial);
    verify(&trial);
    end(&trial);
}
BOTH_STRATEGIES(killed_server)

static void killed_database(const char *strategy)
{
    struct trial trial;
    begin(&trial, strategy);
    for (int i = 0; i < KILLS; i++) {
        let_it_run(&trial);
        pid_t postmaster = 0; /* none while the one before is being replaced */
        for (int tries = 0; tries < 100 && (postmaster = service_postmaster(&trial.service)) <= 0;
             tries++)
            co_sleep(100 * CO_CLOCK_MS);
        CU_ASSERT(postmaster > 0);
        if (postmaster > 0)
            kill(postmaster, SIGKILL);
        CU_ASSERT(service_probe(&trial.service, "/livez") == 200);
    }
    let_it_run(&trial);
    verify(&trial);
    CU_ASSERT_EQUAL(service_stop(&trial.service), 0);
    if (!restart(&trial)) /* and the journal folds to the same again */
        return;
    verify(&trial);
    end(&trial);
}
BOTH_STRATEGIES(killed_database)

/* Both together: what is started next finds neither alive. */
static void killed_both(const char *strategy)
{
    struct trial trial;
    begin(&trial, strategy);
    for (int i = 0; i < 3; i++) {
        let_it_run(&trial);
        pid_t postmaster = 0; /* none while the one before is being replaced */
        for (int tries = 0; tries < 100 && (postmaster = service_postmaster(&trial.service)) <= 0;
             tries++)
            co_sleep(100 * CO_CLOCK_MS);
        CU_ASSERT(postmaster > 0);
        if (postmaster > 0 && dice_below(&trial.dice, 2))
            kill(postmaster, SIGKILL);
        service_kill(&trial.service);
        if (postmaster > 0)
            kill(postmaster, SIGKILL);
        if (!restart(&trial))
            return;
    }
    let_it_run(&trial);
    verify(&trial);
    end(&trial);
}
BOTH_STRATEGIES(killed_both)

/* SIGTERM under load: it ends with 0, and no request was carried out without being answered. */
static void stopped(const char *strategy)
{
    struct trial trial;
    begin(&trial, strategy);
    for (int i = 0; i < 3; i++) {
        let_it_run(&trial);
        CU_ASSERT_EQUAL(service_stop(&trial.service), 0);
        CU_ASSERT(service_postmaster(&trial.service) == 0);
        if (!restart(&trial))
            return;
    }
    workload_stop(&trial.workload);
    struct checker_figures figures = {0};
    struct visit visit;
    visit_begin(&visit, &trial.service);
    CU_ASSERT_EQUAL(checker_run(&visit.api, trial.workload.histories, CLIENTS, SHOWN, &figures), 0);
    CU_ASSERT_EQUAL(figures.unknown_done, 0);
    visit_end(&visit);
    verify(&trial);
    end(&trial);
}
BOTH_STRATEGIES(stopped)

/* One folder, one owner: a second program says so and ends, the first goes on. */
static void second_start(void)
{
    struct service first, second;
    CU_ASSERT_FATAL(service_make(&first, "owner", NULL));
    second = first;
    second.pid = 0;
    second.port = 0;
    second.starts = 100;
    second.quiet = true;
    CU_ASSERT_FALSE(service_run(&second));
    CU_ASSERT(second.pid == 0 && second.exit_code > 0 && second.exit_code < 128);
    close(second.reserved);
    struct visit visit;
    visit_begin(&visit, &first);
    CU_ASSERT(visit_fund(&visit, "still-here", 1));
    visit_end(&visit);
    CU_ASSERT_EQUAL(service_stop(&first), 0);
    service_remove(&first);
}

const struct unit_suite crashes_suite = {"crashes", 2,
    (const struct unit_test[]){{"second_start", second_start}, BOTH_ROWS(stopped),
        BOTH_ROWS(killed_server), BOTH_ROWS(killed_database), BOTH_ROWS(killed_both), {0}}};
