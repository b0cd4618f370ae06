/* SPDX-License-Identifier: MIT */
/* A service under the load of 64 clients while something fails, and the judgement after it. */
#ifndef TESTS_FAULTS_TRIAL_H
#define TESTS_FAULTS_TRIAL_H

#include "loadtest/dice.h"
#include "tests/service/workload.h"
#include "tests/unit.h"

struct trial {
    struct service service;
    struct workload workload;
    struct dice dice;
};

/* What a whole run of the program did; printed at its end. */
struct trial_tally {
    unsigned long kills, cuts, points, failed_calls, full_disks, departures, operations, violations;
};
extern struct trial_tally trial_tally;

/* Is this the long form? (FAULTS=long) */
bool trial_is_long(void);

/* Start service and clients (64 of them); a fatal failure of the test if they do not come up. */
void trial_begin(struct trial *trial, const char *strategy, const char *const *arguments);
void trial_begin_with(
    struct trial *trial, const char *strategy, const char *const *arguments, size_t clients);

/* Park until the clients have `more` final answers; a failure of the test if that takes 90 s. */
void trial_progress(struct trial *trial, size_t more);

/* A time that cannot be foreseen, up to that many milliseconds. */
void trial_pause(struct trial *trial, unsigned most_ms);

/* Start the program again, with TELLER_FAILPOINTS set to that (NULL: unset). False: it ended
 * immediately; if nothing was to fail the test has failed then, and the trial cannot go on. */
CO_MUST_CHECK bool trial_restart(struct trial *trial, const char *failpoints);

/* Kill it, if it runs still, and count that. */
void trial_kill(struct trial *trial);

/* A number from /metrics, by its name with its labels; -1 if there is none. */
long trial_metric(const struct service *service, const char *name);

/* Stop the clients, compare histories and journal, settle what is unknown, compare again. Over at
 * the first of them that fails; a journal that cannot be read is one violation. */
void trial_verify(struct trial *trial);

void trial_end(struct trial *trial);

#endif
