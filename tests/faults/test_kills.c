/* SPDX-License-Identifier: MIT */
/* The program, its PostgreSQL or both are killed at random moments, again and again. */
#include "tests/faults/suites.h"

#include <signal.h>

#include "coro/clock.h"
#include "tests/faults/trial.h"

enum { PROGRESS = 30, KILLS = 10, KILLS_LONG = 200, MOMENT_MS = 200 };

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

const struct unit_suite kills_suite = {
    "kills", 2, (const struct unit_test[]){{"random", random_kills}, {0}}};
