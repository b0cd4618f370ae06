/* SPDX-License-Identifier: MIT */
/* One schedule of a trial on a real database, stepped by the same codes and seeds as those in
 * memory. */
#ifndef LAB_SQL_SQL_TRIAL_H
#define LAB_SQL_SQL_TRIAL_H

#include "lab/machine/trial.h"

/*
 * As trial_run(), but from a coroutine of a runtime with one worker, and the trial has a bench.
 * When that has failed (sql_bench.h) the promise counts as kept, and means nothing.
 */
bool sql_trial_run(struct trial *trial, struct co_schedule *schedule, bool records);

#endif
