/* SPDX-License-Identifier: MIT */
/*
 * Turns: the lanes of a schedule run on a real database, one statement at a time. Each lane stops
 * before a statement; one of those that stand there is chosen and sends its own. Then all comes to
 * rest: each lane that has sent one was answered, or waits for a lock that another lane holds; the
 * database is asked which (pg_blocking_pids()), and no clock decides. So the choices alone make the
 * schedule.
 *
 * All of it belongs to one worker: lanes are coroutines of the worker that runs sql_turns_run().
 */
#ifndef LAB_SQL_SQL_TURNS_H
#define LAB_SQL_SQL_TURNS_H

#include "lab/sql/sql_place.h"

enum { SQL_LANES = 16 };

struct sql_turns;

/* What the one who chooses provides; lanes count from 0, and a set of them is a mask of bits. */
struct sql_turns_guide {
    /* Which of the lanes in `ready`, of which there is one at least, sends its statement. */
    size_t (*choose)(void *arg, uint32_t ready);
    /* All is at rest after a statement that was not in vain: balances may be others now. */
    bool (*settled)(void *arg);
    /* A lane was found to wait for others; it is answered after it has waited. Either may be NULL.
     */
    void (*waits)(void *arg, size_t lane, uint32_t blockers);
    void (*wakes)(void *arg, size_t lane);
    void *arg;
};

/* NULL: memory is short. */
CO_MUST_CHECK struct sql_turns *sql_turns_make(struct sql_place *place, size_t lanes);
void sql_turns_free(struct sql_turns **turns);

/*
 * Run until each lane has left.
 *   SQL_TURNS_CHANCE  the database, or the machine, did what it does not do as a rule: of two lanes
 *                     that waited for the same rows the later one was served first. What came of it
 *                     does not follow from the choices, so it is to be run once more.
 *   SQL_TURNS_LOST    the connection for looking is gone, a hook gave up, or the lanes have been
 *                     stuck for SQL_TURNS_STUCK_S; lanes get false from sql_turns_await()
 * Parks.
 */
enum { SQL_TURNS_STUCK_S = 20 };
enum sql_turns_status { SQL_TURNS_DONE, SQL_TURNS_CHANCE, SQL_TURNS_LOST };
CO_MUST_CHECK enum sql_turns_status sql_turns_run(
    struct co_context *context, struct sql_turns *turns, const struct sql_turns_guide *guide);

/* Of a lane, before a statement that locks these rows (a mask; 0: none) on the connection with that
 * process: parks until it is chosen. False: the run is given up. */
CO_MUST_CHECK bool sql_turns_await(
    struct sql_turns *turns, size_t lane, int process, uint32_t rows);

/* After its answer, of which `served` says that it was carried out: parks until all is at rest and
 * this lane is to go on. */
void sql_turns_answered(struct sql_turns *turns, size_t lane, bool served);

/* It sends no more. */
void sql_turns_leave(struct sql_turns *turns, size_t lane);

/* A lane has these rows now, besides those that it had; it has none any more. */
void sql_turns_hold(struct sql_turns *turns, size_t lane, uint32_t rows);
void sql_turns_release(struct sql_turns *turns, size_t lane);

/* Of a lane that waits, or is about to: which other one has a row that it wants, in *row; false:
 * none is known. */
bool sql_turns_holder(const struct sql_turns *turns, size_t lane, size_t *holder, int *row);

/* The lanes of the circle that it closes, or would, each of which waits for the next one and the
 * last for the first, which is `lane`. How many; 0: there is none. */
size_t sql_turns_circle(const struct sql_turns *turns, size_t lane, size_t circle[SQL_LANES]);

#endif
