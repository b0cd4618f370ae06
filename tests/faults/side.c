/* SPDX-License-Identifier: MIT */
#include "tests/faults/side.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "tests/faults/trial.h"

enum {
    FAULT_MS = 6000, /* the longest time that a link is down or a program suspended */
    PACE = 100000,   /* bytes a second of a link that crawls */
};

/* --- the program ------------------------------------------------------------------------------ */

static void start_main(void *arg)
{
    struct side *side = arg;
    side->up = service_run(&side->service);
    CU_ASSERT(side->up);
    side->suspended = false;
    co_waitgroup_done(&side->starting);
}

void side_start(struct side *side)
{
    co_waitgroup_add(&side->starting, 1);
    co_ensure(co_spawn(start_main, side));
}

void side_make(struct side *side, const char *strategy, int number, const struct database *database)
{
    char name[40];
    memset(side, 0, sizeof *side);
    side->number = number;
    side->database = database;
    snprintf(name, sizeof name, "application_name=side%d", number);
    database_hide(database, &side->proxy, name, side->url);
    side->service = (struct service){.strategy = strategy,
        .start_seconds = 3600, /* one that stands by from its start comes up when it serves */
        .arguments = {"--database", side->url, NULL}};
    service_reserve(&side->service);
    snprintf(side->service.folder, sizeof side->service.folder, "/tmp/teller-test-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(side->service.folder));
}

void side_share_token(const struct side *first, struct side *second)
{
    char path[200];
    struct service *service = &second->service;
    snprintf(path, sizeof path, "%s/admin.token", service->folder);
    FILE *file = fopen(path, "we");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_FATAL(fprintf(file, "%s\n", first->service.target.token) > 0);
    CU_ASSERT_EQUAL(fclose(file), 0);
    snprintf(service->url, sizeof service->url, "http://127.0.0.1:%d", service->port);
    co_ensure(target_make(service->url, first->service.target.token, &service->target) == NULL);
}

/* --- what happens to it ----------------------------------------------------------------------- */

static void pause_while(struct dice *dice)
{
    co_sleep((int64_t)(200 + dice_below(dice, FAULT_MS)) * CO_CLOCK_MS);
}

static void cut_link(struct side *side, struct dice *dice)
{
    side->proxy.is_cut = true;
    pause_while(dice);
    side->proxy.is_cut = false;
    trial_tally.cuts++;
}

static void swallow(struct side *side, struct dice *dice)
{
    side->proxy.swallows = true;
    pause_while(dice);
    side->proxy.swallows = false;
    trial_tally.cuts++;
}

static void crawl(struct side *side, struct dice *dice)
{
    side->proxy.pace = PACE;
    pause_while(dice);
    side->proxy.pace = 0;
}

static void suspend(struct side *side, struct dice *dice)
{
    side->suspended = true;
    side->suspended_times++;
    kill(side->service.pid, SIGSTOP);
    pause_while(dice);
    kill(side->service.pid, SIGCONT);
    side->suspended = false;
}

static void kill_it(struct side *side, struct dice *dice)
{
    side->suspended = true;
    side->suspended_times++;
    side->up = false;
    service_kill(&side->service);
    trial_tally.kills++;
    co_sleep((int64_t)dice_below(dice, FAULT_MS) * CO_CLOCK_MS);
    side_start(side);
}

void side_stop(struct side *side)
{
    side->suspended = true;
    side->suspended_times++;
    side->up = false;
    CU_ASSERT_EQUAL(service_stop(&side->service), 0);
    side_start(side);
}

static void stop_it(struct side *side, struct dice *dice)
{
    (void)dice;
    side_stop(side);
}

static void terminate_sessions(struct side *side, struct dice *dice)
{
    char command[2 * DATABASE_URL + 200];
    (void)dice;
    snprintf(command, sizeof command,
        "psql -qtAXc \"SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = '%s' AND application_name = 'side%d'\" '%s' | grep -q t",
        side->database->name, side->number, side->database->url);
    database_command(command);
    trial_tally.cuts++;
}

const struct side_fault side_faults[] = {{"cut", cut_link}, {"swallowed", swallow}, {"slow", crawl},
    {"suspended", suspend}, {"killed", kill_it}, {"sessions ended", terminate_sessions},
    {"stopped", stop_it}};
_Static_assert(sizeof side_faults / sizeof side_faults[0] == SIDE_FAULTS, "each is counted");
