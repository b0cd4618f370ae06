/* SPDX-License-Identifier: MIT */
/* The program, its PostgreSQL or both are killed at random moments, repeatedly. */
#include "tests/faults/suites.h"

#include <signal.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "tests/faults/trial.h"

enum { PROGRESS = 30, KILLS = 10, KILLS_LONG = 200, MOMENT_MS = 200 };
enum { STARTS = 3, STARTS_LONG = 50, START_MS = 400 };

static void kill_postgres(struct trial *trial)
{
    pid_t postmaster = service_postmaster(&trial->service);
    if (postmaster <= 0)
        return;
    kill(postmaster, SIGKILL);
    trial_tally.kills++;
}

/* A second blow while it is coming up again: a fault during recovery. */
static bool strike(struct trial *trial)
{
    enum { SERVER, DATABASE, BOTH, KINDS };
    uint64_t kind = dice_below(&trial->dice, KINDS);
    if (kind != SERVER)
        kill_postgres(trial);
    if (kind == DATABASE)
        trial_pause(trial, MOMENT_MS);
    if (kind == DATABASE && dice_below(&trial->dice, 2))
        return true;
    trial_kill(trial);
    return trial_restart(trial, NULL);
}

static void random_kills(void)
{
    unsigned long until = trial_tally.kills + (trial_is_long() ? KILLS_LONG : KILLS);
    struct trial trial;
    bool up = true;
    trial_begin(&trial, unit_seed() % 2 ? "owner" : "sharded", NULL);
    while (up && trial_tally.kills < until) {
        trial_progress(&trial, PROGRESS);
        trial_pause(&trial, MOMENT_MS);
        up = strike(&trial);
    }
    if (up) {
        trial_progress(&trial, PROGRESS);
        trial_verify(&trial);
    }
    trial_end(&trial);
}

/* --- PostgreSQL is killed while the program starts -------------------------------------------- */

struct blow {
    struct trial *trial;
    int64_t after_ns;
    struct co_waitgroup struck;
};

static void blow_main(void *arg)
{
    struct blow *blow = arg;
    co_sleep(blow->after_ns);
    kill_postgres(blow->trial);
    co_waitgroup_done(&blow->struck);
}

/* It comes up all the same, or gives up cleanly and comes up the next time. */
static bool start_under_a_blow(struct trial *trial)
{
    struct blow blow = {
        .trial = trial, .after_ns = (int64_t)dice_below(&trial->dice, START_MS) * CO_CLOCK_MS};
    trial_kill(trial);
    co_waitgroup_add(&blow.struck, 1);
    co_ensure(co_spawn(blow_main, &blow));
    bool up = trial_restart(trial, "none=error");
    co_waitgroup_wait(&blow.struck);
    CU_ASSERT(up || (trial->service.pid == 0 && trial->service.exit_code < 128));
    return up || trial_restart(trial, NULL);
}

static void while_starting(void)
{
    struct trial trial;
    bool up = true;
    trial_begin(&trial, unit_seed() % 2 ? "sharded" : "owner", NULL);
    for (int i = trial_is_long() ? STARTS_LONG : STARTS; up && i > 0; i--) {
        up = start_under_a_blow(&trial);
        if (up)
            trial_progress(&trial, PROGRESS);
    }
    if (up)
        trial_verify(&trial);
    trial_end(&trial);
}

const struct unit_suite kills_suite = {"kills", 2,
    (const struct unit_test[]){{"random", random_kills}, {"while_starting", while_starting}, {0}}};
