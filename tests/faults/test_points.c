/* SPDX-License-Identifier: MIT */
/* The program dies, waits or fails at each of its named places (ledger/failpoint.h) under load. */
#include "tests/faults/suites.h"

#include <stdio.h>
#include <string.h>

#include "coro/clock.h"
#include "tests/faults/trial.h"

enum { PROGRESS = 100, DIES_WITHIN_S = 60, KILLED = 128 + 9, TEXT = 200 };

/* Where it dies: %u is some pass of this start. */
static const char *const places[] = {"appended=kill@%u", "batch.taken=kill@%u",
    "batch.begin=kill@%u", "batch.copy=kill@%u", "commit.before=kill@%u", "batch.fed=kill@%u",
    "commit.answered=kill@%u", "publish.before=kill@%u", "publish.after=kill@%u",
    "batch.fed=error@%u,batch.again=kill", "commit.answered=error@%u,batch.again=kill",
    "checkpoint.soon=error,checkpoint.before=kill", "checkpoint.soon=error,checkpoint.after=kill",
    "checkpoint.soon=error,seal.before=kill", "checkpoint.soon=error,seal.after=kill@2",
    "fold.posting=kill@5", "epoch.before=kill", "epoch.taken=kill"};

enum { PLACES = sizeof places / sizeof places[0] };

/* Start it with that place armed, see it die there, start it whole. */
static bool die_at(struct trial *trial, const char *place)
{
    char failpoints[TEXT];
    int length = snprintf(failpoints, sizeof failpoints, "%.*s", TEXT - 1, place);
    CU_ASSERT(length < TEXT);
    int code = trial_restart(trial, failpoints)
                   ? service_await_end(&trial->service, DIES_WITHIN_S * CO_CLOCK_S)
                   : trial->service.exit_code;
    CU_ASSERT_EQUAL(code, KILLED);
    if (code != KILLED)
        printf("\n    %s: ended with %d\n    ", failpoints, code);
    trial_tally.points += code == KILLED;
    if (code == -1)
        trial_kill(trial);
    return trial_restart(trial, NULL);
}

/* "%u" of a place becomes a pass that the dice choose. */
static void choose_pass(struct trial *trial, const char *place, char text[TEXT])
{
    const char *hole = strstr(place, "%u");
    unsigned pass = 1 + (unsigned)dice_below(&trial->dice, 60);
    if (hole)
        snprintf(text, TEXT, "%.*s%u%s", (int)(hole - place), place, pass, hole + 2);
    else
        snprintf(text, TEXT, "%s", place);
}

/* Several places, one after the other, in the life of one journal. */
static void kill_at(const char *strategy, size_t first, size_t count)
{
    struct trial trial;
    char place[TEXT];
    trial_begin(&trial, strategy, NULL);
    for (size_t i = first; i < first + count; i++) {
        trial_progress(&trial, PROGRESS);
        trial_kill(&trial);
        choose_pass(&trial, places[i], place);
        if (!die_at(&trial, place)) {
            trial_end(&trial);
            return;
        }
    }
    trial_progress(&trial, PROGRESS);
    trial_verify(&trial);
    trial_end(&trial);
}

/* The long form gives each place a journal of its own, under both strategies. */
static void killed(void)
{
    size_t each = trial_is_long() ? 1 : PLACES / 2;
    for (size_t i = 0; i < PLACES; i += each) {
        kill_at(i < PLACES / 2 ? "owner" : "sharded", i, each);
        if (trial_is_long())
            kill_at(i < PLACES / 2 ? "sharded" : "owner", i, each);
    }
}

/* Every place that can fail does so repeatedly; it goes on without a restart. */
static void failed(void)
{
    static const char failing[] = "batch.begin=error@20,batch.copy=error@30,commit.before=error@40,"
                                  "batch.fed=error@50,commit.answered=error@60,"
                                  "commit.answered=pause:500@70,publish.before=pause:500@80";
    static const char commits[] = "teller_commit_duration_seconds_count{ledger=\"main\"}",
                      retries[] = "teller_retried_batches_total{ledger=\"main\"}";
    enum { ERRORS = 5, PAUSES = 2, PASSES = 90 };
    struct trial trial;
    trial_begin(&trial, "sharded", NULL);
    for (int round = trial_is_long() ? 20 : 2; round > 0; round--) {
        trial_kill(&trial);
        CU_ASSERT_FATAL(trial_restart(&trial, failing));
        while (trial_metric(&trial.service, commits) < PASSES && !trial.workload.failed)
            trial_progress(&trial, PROGRESS);
        long retried = trial_metric(&trial.service, retries);
        CU_ASSERT(retried >= ERRORS);
        trial_tally.points += ERRORS + PAUSES;
    }
    trial_verify(&trial);
    trial_end(&trial);
}

const struct unit_suite points_suite = {
    "points", 2, (const struct unit_test[]){{"killed", killed}, {"failed", failed}, {0}}};
