/* SPDX-License-Identifier: MIT */
/*
 * The lanes are coroutines of the caller's worker, one for each operation; sql_turns lets one of
 * them at a time go on, as sql_choice says. What is true is what is committed: the cells of the
 * trial are brought to that whenever all is at rest.
 */
#include "lab/sql/sql_trial.h"

#include <stdio.h>
#include <string.h>

#include "coro/co.h"
#include "lab/sql/sql_bench.h"
#include "lab/sql/sql_choice.h"

/* A circle of lanes that the database has broken. */
struct circle {
    size_t count;
    size_t lanes[SQL_LANES]; /* each waits for the next one */
    int rows[SQL_LANES];     /* for which; the number of its cell */
};

struct stepping {
    struct trial *trial;
    struct sql_bench *bench;
    struct sql_turns *turns;
    struct sql_choice choice;
    struct circle circle; /* the first one */
    struct co_waitgroup ended;
};

struct client {
    struct stepping *stepping;
    struct operation *op;
};

static void client_main(void *arg)
{
    const struct client *client = arg;
    struct stepping *stepping = client->stepping;
    struct operation *op = client->op;
    uint32_t number = (uint32_t)op->number + 1;
    trial_carry_out(stepping->trial, op);
    trace_add(number, &(struct trace_note){.verb = TRACE_ANSWER,
                          .text = op->done     ? op->yes
                                  : op->failed ? "is told: failed"
                                               : op->no});
    trace_add(number, &(struct trace_note){.verb = TRACE_END, .text = "ends"});
    sql_turns_leave(stepping->turns, (size_t)op->number);
    co_waitgroup_done(&stepping->ended);
}

/* ---- what the turns ask ---------------------------------------------------------------------- */

static size_t choose(void *arg, uint32_t ready)
{
    struct stepping *stepping = arg;
    bool switched;
    uint32_t lane = sql_choice_next(&stepping->choice, ready, &switched);
    if (switched)
        stepping->trial->trace.switched = (int)lane;
    return lane - 1;
}

/* It was refused for closing a circle: the lanes still stand as they did then. */
static void note_circle(struct stepping *stepping, size_t lane)
{
    struct circle *circle = &stepping->circle;
    circle->count = sql_turns_circle(stepping->turns, lane, circle->lanes);
    for (size_t i = 0; i < circle->count; i++) {
        size_t holder;
        bool found = sql_turns_holder(stepping->turns, circle->lanes[i], &holder, &circle->rows[i]);
        co_ensure(found);
    }
}

static bool settled(void *arg)
{
    struct stepping *stepping = arg;
    bool committed = false;
    for (int i = 0; i < stepping->trial->clients; i++) {
        struct sql_lane *lane = &stepping->bench->lanes[i];
        committed |= lane->committed;
        lane->committed = false;
        if (lane->outcome == SQL_DEADLOCK && stepping->circle.count == 0)
            note_circle(stepping, (size_t)i);
        if (lane->outcome == SQL_DEADLOCK || lane->outcome == SQL_CONFLICT)
            sql_choice_yield(&stepping->choice, (uint32_t)i + 1);
    }
    return !committed || sql_bench_read(stepping->bench, stepping->trial);
}

static void waits(void *arg, size_t lane, uint32_t blockers)
{
    struct stepping *stepping = arg;
    const struct sql_lane *waiting = &stepping->bench->lanes[lane];
    size_t holder = (size_t)__builtin_ctz(blockers);
    int row = -1;
    (void)sql_turns_holder(stepping->turns, lane, &holder, &row);
    char text[TRACE_TEXT];
    snprintf(text, sizeof text, "waits: lane %zu has", holder + 1);
    trace_add((uint32_t)lane + 1, &(struct trace_note){.verb = TRACE_WAIT,
                                      .cell = row >= 0 ? &stepping->trial->cells[row] : waiting->on,
                                      .site = waiting->at,
                                      .text = text});
}

static void wakes(void *arg, size_t lane)
{
    struct stepping *stepping = arg;
    trace_add((uint32_t)lane + 1,
        &(struct trace_note){
            .verb = TRACE_WAKE, .site = stepping->bench->lanes[lane].at, .text = "goes on"});
}

/* ---- one run --------------------------------------------------------------------------------- */

static enum sql_turns_status step_all(struct stepping *stepping)
{
    struct trial *trial = stepping->trial;
    struct client clients[SQL_BENCH_LANES];
    const struct sql_turns_guide guide = {
        .choose = choose, .settled = settled, .waits = waits, .wakes = wakes, .arg = stepping};
    co_waitgroup_add(&stepping->ended, trial->clients);
    for (int i = 0; i < trial->clients; i++) {
        stepping->bench->lanes[i].turns = stepping->turns;
        stepping->bench->lanes[i].outcome = SQL_DONE;
        trace_name_lane((uint32_t)i + 1, trial->operations[i].name);
        clients[i] = (struct client){stepping, &trial->operations[i]};
        bool spawned = co_spawn_local(client_main, &clients[i]);
        co_ensure(spawned); /* there are a dozen coroutines at most */
    }
    enum sql_turns_status status = sql_turns_run(stepping->bench->context, stepping->turns, &guide);
    co_waitgroup_wait(&stepping->ended);
    for (int i = 0; i < trial->clients; i++)
        stepping->bench->lanes[i].turns = NULL;
    return status;
}

static enum sql_turns_status run_once(struct stepping *stepping, bool records)
{
    struct trial *trial = stepping->trial;
    stepping->circle.count = 0;
    trace_begin(&trial->trace, records, trial->cells, 0);
    bool good = trial_prepare(trial);
    co_ensure(good); /* the state of these strategies is the bench, which is there */
    trial->trace.cell_count = trial->cell_count;
    stepping->turns = sql_turns_make(stepping->bench->place, (size_t)trial->clients);
    enum sql_turns_status status = SQL_TURNS_LOST;
    if (!stepping->turns)
        sql_bench_fail(stepping->bench, "out of memory");
    else if (sql_bench_fill(stepping->bench, trial))
        status = step_all(stepping);
    sql_turns_free(&stepping->turns);
    trace_end();
    return status;
}

/* ---- what came of it ------------------------------------------------------------------------- */

/* The lanes of the circle are shown as they stood in it. */
static void show_circle(struct trial *trial, const struct circle *circle)
{
    for (size_t i = 0; i < circle->count; i++) {
        struct trace_lane *lane = &trial->trace.lanes[circle->lanes[i] + 1];
        const struct cell *cell = &trial->cells[circle->rows[i]];
        lane->state = TRACE_PARKED;
        lane->waits_for = cell;
        trace_hold(
            &trial->trace, cell, cell->name, (int)circle->lanes[(i + 1) % circle->count] + 1);
    }
    trial->deadlocked = circle->count > 0;
}

/* Where it went wrong: the first change, or commit, that followed from what was not so any more;
 * without one, where a lane was told that it had failed, or the last commit. */
static void mark_wrong(struct trial *trial)
{
    struct trace_step *stale = NULL, *failed = NULL, *last = NULL;
    for (size_t i = 0; i < trial->trace.step_count; i++) {
        struct trace_step *step = &trial->trace.steps[i];
        if (step->stale && !stale)
            stale = step;
        if (step->verb == TRACE_ANSWER && !failed && !trial->operations[step->lane - 1].done &&
            trial->operations[step->lane - 1].failed)
            failed = step;
        if (step->verb == TRACE_UNLOCK)
            last = step;
    }
    struct trace_step *wrong = stale ? stale : failed ? failed : last;
    if (wrong)
        wrong->wrong = true;
}

static void judge(struct stepping *stepping)
{
    struct trial *trial = stepping->trial;
    int failed = 0;
    for (int i = 0; i < trial->clients; i++)
        failed += trial->operations[i].failed;
    trial->deadlocked = trial->endless = false;
    trial->leaked = 0;
    trial_judge(trial);
    if (failed == 0)
        return;

    /* Whatever the balances: a client that asked for nothing wrong was told that it failed. */
    trial->verdict.broken = true;
    snprintf(trial->verdict.verdict, sizeof trial->verdict.verdict,
        stepping->circle.count
            ? "Deadlock: %zu transactions waited in a circle, and PostgreSQL ended %d of them."
            : "%2$d of %1$zu transactions failed.",
        stepping->circle.count ? stepping->circle.count : (size_t)trial->clients, failed);
    show_circle(trial, &stepping->circle);
}

bool sql_trial_run(struct trial *trial, struct co_schedule *schedule, bool records)
{
    enum { TRIES = 10 };
    struct stepping stepping = {.trial = trial, .bench = trial->bench};
    enum sql_turns_status status = SQL_TURNS_CHANCE;
    trial->verdict = (struct lab_verdict){0};
    co_ensure(trial->clients <= SQL_BENCH_LANES);
    for (int i = 0; i < TRIES && status == SQL_TURNS_CHANCE; i++) {
        if (atomic_load(&stepping.bench->failed))
            return false;
        sql_choice_begin(&stepping.choice, schedule);
        status = run_once(&stepping, records);
    }
    if (status != SQL_TURNS_DONE)
        return sql_bench_fail(stepping.bench,
            status == SQL_TURNS_CHANCE
                ? "the database served waiting transactions in no order, ten times in a row"
                : "the run was given up: the database does not answer, or keeps a lane waiting");
    judge(&stepping);
    if (records && trial->verdict.broken)
        mark_wrong(trial);
    trial_clear(trial);
    return trial->verdict.broken;
}
