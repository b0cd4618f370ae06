/* SPDX-License-Identifier: MIT */
/*
 * A trial: one scenario under one strategy, run once or many times. Each run makes fresh cells and
 * operations, has a coroutine (a lane) carry out each of them, and judges what came of it.
 */
#ifndef LAB_MACHINE_TRIAL_H
#define LAB_MACHINE_TRIAL_H

#include "coro/ensure.h"
#include "coro/schedule.h"
#include "coro/waitgroup.h"
#include "lab/machine/cell.h"
#include "lab/machine/lab_scenario.h"
#include "lab/machine/lab_strategy.h"
#include "lab/machine/operation.h"
#include "lab/machine/trace.h"

enum {
    TRIAL_CLIENTS_SEEDED = 8,  /* lanes that a picture can show, and seeds can search */
    TRIAL_CLIENTS_MAX = 10000, /* in parallel */
    TRIAL_SWITCHES = 1000,     /* of a run that are kept */
};

struct trial {
    const struct lab_scenario *scenario;
    const struct lab_strategy *strategy;
    int clients;

    /* of the last run */
    struct cell *cells;
    int cell_count;
    struct operation *operations;
    int operation_count;
    void *state; /* the strategy's */
    void *bench; /* a database for its lanes, of whoever opened the trial; NULL: none */
    struct co_waitgroup answered;
    bool short_of_memory; /* in some run since trial_open(): that one proves nothing */
    bool deadlocked, endless;
    int leaked; /* coroutines that were left, if not deadlocked or endless */
    struct lab_verdict verdict;
    struct trace trace;
};

/* False: memory is short. clients: 0: as many as the scenario says. */
CO_MUST_CHECK bool trial_open(struct trial *trial, const struct lab_scenario *scenario,
    const struct lab_strategy *strategy, int clients);
void trial_close(struct trial *trial);

/* Run it once, by the schedule; outside of any run, unless the strategy does it (lab_strategy.h).
 * `records`: with the steps in trial->trace. True: the promise was broken. */
bool trial_run(struct trial *trial, struct co_schedule *schedule, bool records);

/* For prepare(): a cell that holds `start`, and what the next client asks for, with its name. */
struct cell *trial_cell(struct trial *trial, const char *name, int64_t start);
struct operation *trial_operation(struct trial *trial, const char *name);

/* For judge(): how many operations were carried out; and does each cell hold what it held at the
 * start and what those have changed? */
int trial_done(const struct trial *trial);
bool trial_adds_up(const struct trial *trial);

/* For runs on all processors: what trial_run() consists of. In the first coroutine: make cells,
 * operations and the strategy's state; false: memory is short. Carry out one operation, in any
 * coroutine. Stop the strategy, in the first one. Judge; free the state, after the run. */
CO_MUST_CHECK bool trial_prepare(struct trial *trial);
void trial_carry_out(struct trial *trial, struct operation *operation);
void trial_stop(struct trial *trial);
void trial_judge(struct trial *trial);
void trial_clear(struct trial *trial);

/* Of a broken run that was recorded: mark the step at which it went wrong. That is the wait that
 * closed a deadlock or was left behind, else the first change that was decided on what was not so
 * any more, else the last change. */
void trial_mark_wrong(struct trial *trial);

#endif
