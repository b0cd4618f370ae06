/* SPDX-License-Identifier: MIT */
/*
 * The first coroutine makes everything while the schedule is held, so that a run's choices begin
 * when all lanes are ready: the clients are lanes 1 to n, and a strategy's own coroutines follow.
 */
#include "lab/machine/trial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/runtime.h"

enum { POINTS_MAX = 20000, CELLS_BESIDE = 4 /* those that do not belong to a client */ };

bool trial_open(struct trial *trial, const struct lab_scenario *scenario,
    const struct lab_strategy *strategy, int clients)
{
    memset(trial, 0, sizeof *trial);
    trial->scenario = scenario;
    trial->strategy = strategy;
    trial->clients = clients ? clients : scenario->clients;
    trial->cells = calloc((size_t)trial->clients + CELLS_BESIDE, sizeof *trial->cells);
    trial->operations = calloc((size_t)trial->clients, sizeof *trial->operations);
    if (trial->cells && trial->operations)
        return true;
    trial_close(trial);
    return false;
}

void trial_close(struct trial *trial)
{
    free(trial->cells);
    free(trial->operations);
    trace_free(&trial->trace);
    trial->cells = NULL;
    trial->operations = NULL;
}

/* --- for scenarios ---------------------------------------------------------------------------- */

struct cell *trial_cell(struct trial *trial, const char *name, int64_t start)
{
    co_ensure(trial->cell_count < trial->clients + CELLS_BESIDE);
    struct cell *cell = &trial->cells[trial->cell_count];
    memset(cell, 0, sizeof *cell);
    cell->number = trial->cell_count++;
    cell->name = name;
    cell->start = start;
    atomic_store(&cell->value, start);
    return cell;
}

struct operation *trial_operation(struct trial *trial, const char *name)
{
    co_ensure(trial->operation_count < trial->clients);
    struct operation *operation = &trial->operations[trial->operation_count];
    *operation = (struct operation){.name = name,
        .yes = "is told: done",
        .no = "is told: refused",
        .number = trial->operation_count++};
    return operation;
}

int trial_done(const struct trial *trial)
{
    int done = 0;
    for (int i = 0; i < trial->operation_count; i++)
        done += trial->operations[i].done;
    return done;
}

bool trial_adds_up(const struct trial *trial)
{
    for (int i = 0; i < trial->cell_count; i++) {
        int64_t sum = trial->cells[i].start;
        for (int k = 0; k < trial->operation_count; k++) {
            const struct operation *operation = &trial->operations[k];
            for (int c = 0; operation->done && c < operation->count; c++)
                if (operation->cells[c] == &trial->cells[i])
                    sum += operation->change[c];
        }
        if (sum != atomic_load(&trial->cells[i].value))
            return false;
    }
    return true;
}

/* --- the parts of a run ----------------------------------------------------------------------- */

bool trial_prepare(struct trial *trial)
{
    trial->cell_count = trial->operation_count = 0;
    trial->state = NULL;
    trial->scenario->prepare(trial);
    co_ensure(trial->operation_count == trial->clients);
    if (trial->strategy->make)
        trial->state = trial->strategy->make(trial);
    return trial->state || !trial->strategy->make;
}

void trial_carry_out(struct trial *trial, struct operation *operation)
{
    operation->done = trial->strategy->carry_out(trial->state, operation);
    operation->ended = true;
}

void trial_stop(struct trial *trial)
{
    if (trial->strategy->stop)
        trial->strategy->stop(trial->state);
}

void trial_clear(struct trial *trial)
{
    if (trial->strategy->free)
        trial->strategy->free(trial->state);
    else
        free(trial->state);
    trial->state = NULL;
}

static void judge_deadlock(struct trial *trial)
{
    int lanes[TRACE_LANES], count = trace_cycle(&trial->trace, lanes);
    struct lab_verdict *verdict = &trial->verdict;
    verdict->broken = true;
    if (count)
        snprintf(verdict->verdict, sizeof verdict->verdict,
            "Deadlock: %d lanes wait in a circle, each for what the next one holds.", count);
    else
        snprintf(verdict->verdict, sizeof verdict->verdict,
            "Deadlock: all lanes wait, and nothing can wake them.");
}

void trial_judge(struct trial *trial)
{
    struct lab_verdict *verdict = &trial->verdict;
    *verdict = (struct lab_verdict){0};
    trial->scenario->judge(trial, verdict);
    if (trial->endless) {
        verdict->broken = true;
        snprintf(verdict->verdict, sizeof verdict->verdict,
            "The run did not end: it was stopped after %d points.", POINTS_MAX);
    } else if (trial->deadlocked) {
        judge_deadlock(trial);
    } else if (trial->leaked > 0) {
        verdict->broken = true;
        snprintf(verdict->verdict, sizeof verdict->verdict,
            "%d coroutine%s left behind: what %s for never comes.", trial->leaked,
            trial->leaked == 1 ? " was" : "s were", trial->leaked == 1 ? "it waits" : "they wait");
    }
}

/* --- a seeded run ----------------------------------------------------------------------------- */

struct lane {
    struct trial *trial;
    struct operation *operation;
};

struct run {
    struct trial *trial;
    struct co_schedule *schedule;
    struct lane lanes[TRIAL_CLIENTS_SEEDED];
};

static void lane_main(void *arg)
{
    const struct lane *lane = arg;
    struct operation *operation = lane->operation;
    if (lane->trial->short_of_memory) {
        co_waitgroup_done(&lane->trial->answered);
        return;
    }
    trial_carry_out(lane->trial, operation);
    trace_step(&(struct trace_note){
        .verb = TRACE_ANSWER, .text = operation->done ? operation->yes : operation->no});
    co_waitgroup_done(&lane->trial->answered);
}

/* Give everyone the time to come to an end or to where it waits. */
static void settle(void)
{
    while (trace_is_busy())
        co_yield();
    co_sleep(3600 * CO_CLOCK_S); /* virtual ones: all timers fire */
    while (trace_is_busy())
        co_yield();
}

static void run_main(void *arg)
{
    struct run *run = arg;
    struct trial *trial = run->trial;
    trial->answered = (struct co_waitgroup){0};

    /* Nobody runs yet: lanes first, so that they have the first numbers. */
    run->schedule->held = true;
    co_waitgroup_add(&trial->answered, trial->clients);
    for (int i = 0; i < trial->clients; i++) {
        run->lanes[i] = (struct lane){trial, &trial->operations[i]};
        if (co_spawn(lane_main, &run->lanes[i]))
            continue;
        trial->short_of_memory = true;
        co_waitgroup_done(&trial->answered);
    }
    if (!trial_prepare(trial))
        trial->short_of_memory = true;
    for (int i = 0; i < trial->clients; i++)
        trace_name_lane((uint32_t)i + 1, trial->operations[i].name);
    trial->trace.cell_count = trial->cell_count;
    run->schedule->held = false;

    co_waitgroup_wait(&trial->answered);
    if (trial->scenario->settles)
        settle();
    if (!trial->short_of_memory)
        trial_stop(trial);
}

void trial_mark_wrong(struct trial *trial)
{
    struct trace *trace = &trial->trace;
    struct trace_step *wrong = NULL;
    bool stuck = trial->deadlocked || trial->leaked > 0;
    for (size_t i = 0; i < trace->step_count; i++) {
        struct trace_step *step = &trace->steps[i];
        bool waits = step->verb == TRACE_WAIT || step->verb == TRACE_PARK;
        if (stuck ? waits && trace->lanes[step->lane].state == TRACE_PARKED
                  : step->verb == TRACE_WRITE && (!wrong || !wrong->stale))
            wrong = step;
    }
    if (wrong)
        wrong->wrong = true;
}

bool trial_run(struct trial *trial, struct co_schedule *schedule, bool records)
{
    struct run run = {.trial = trial, .schedule = schedule};
    co_ensure(trial->clients <= TRIAL_CLIENTS_SEEDED);
    if (trial->strategy->run)
        return trial->strategy->run(trial, schedule, records);
    trace_begin(&trial->trace, records, trial->cells, trial->clients + CELLS_BESIDE);
    schedule->observe = trace_observe;
    schedule->quiet = true;
    schedule->limit = POINTS_MAX;
    size_t left =
        co_runtime_run(&(struct co_runtime_options){.schedule = schedule}, run_main, &run);
    trace_end();
    trial->trace.cell_count = trial->cell_count;
    trial->deadlocked = schedule->deadlocked;
    trial->endless = schedule->endless;
    trial->short_of_memory = trial->short_of_memory || left == CO_RUNTIME_NOT_STARTED;
    trial->leaked = trial->deadlocked || trial->endless || trial->short_of_memory ? 0 : (int)left;
    trial_judge(trial);
    if (trial->short_of_memory) /* it proves nothing */
        trial->verdict.broken = false;
    if (records && trial->verdict.broken)
        trial_mark_wrong(trial);
    trial_clear(trial);
    return trial->verdict.broken;
}
