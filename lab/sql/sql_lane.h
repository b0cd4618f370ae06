/* SPDX-License-Identifier: MIT */
/*
 * A lane on the database: one connection, and the statements of a transaction on it. In a schedule
 * each statement waits for its turn and is a step of the trace; in parallel it is just sent.
 *
 * A statement that fails ends the transaction: those that follow do nothing and give 0, and
 * sql_lane_commit() says why. So a strategy reads as if nothing could go wrong.
 */
#ifndef LAB_SQL_SQL_LANE_H
#define LAB_SQL_SQL_LANE_H

#include <stdatomic.h>

#include "lab/machine/trial.h"
#include "lab/sql/sql_turns.h"

enum sql_outcome {
    SQL_DONE,
    SQL_REFUSED,  /* by the operation's own rule */
    SQL_CONFLICT, /* another transaction was first: it can be tried again */
    SQL_DEADLOCK, /* it was ended to break a circle: it can be tried again */
    SQL_FAILED,   /* the database cannot go on with it, or the run is given up */
};

/* What all lanes have met; relaxed. */
struct sql_tally {
    _Atomic uint64_t retries, deadlocks;
};

struct sql_lane {
    struct co_context *context;
    struct pg *pg;
    size_t number;           /* from 0; in a schedule that of its operation, too */
    struct sql_turns *turns; /* NULL: in parallel */
    struct sql_tally *tally;
    bool may_hurry; /* it may say how soon the database looks for deadlocks */

    /* of the transaction */
    enum sql_outcome outcome;
    const struct co_site *begun; /* by this, and not told yet */
    bool hurries;
    uint32_t looked, changed; /* at and to which cells, by their numbers */
    int64_t saw[TRACE_CELLS];

    /* of the schedule, for the one who runs it */
    const struct co_site *at; /* its statement */
    const struct cell *on;    /* the cell that this is about; NULL: none, or several */
    bool committed;           /* since that was looked at last */
    char error[100];          /* why it failed */
};

/* What a cell is called in the database: its name, and for those of a crowd its number. */
enum { SQL_LANE_NAME = 64 };
const char *sql_lane_name(const struct cell *cell, char text[SQL_LANE_NAME]);

/*
 * Statements, as texts; $1 is the name of the cell. Each may park.
 *   read    gives one row with the balance; read_locked: and locks it
 *   lock    gives a row, and locks what the cell stands for
 *   write   $2 is the new balance
 *   change  $2 is added to it; false: there was no such row
 */
#define sql_lane_begin(lane, sql) sql_lane_begin_at(CO_SITE(sql), (lane))
#define sql_lane_read(lane, sql, cell) sql_lane_read_at(CO_SITE(sql), (lane), (cell))
#define sql_lane_read_locked(lane, sql, cell) sql_lane_read_locked_at(CO_SITE(sql), (lane), (cell))
#define sql_lane_lock(lane, sql, cell) sql_lane_lock_at(CO_SITE(sql), (lane), (cell))
#define sql_lane_write(lane, sql, cell, value)                                                     \
    sql_lane_write_at(CO_SITE(sql), (lane), (cell), (value))
#define sql_lane_change(lane, sql, cell, change, also)                                             \
    sql_lane_change_at(CO_SITE(sql), (lane), (cell), (change), (also))
void sql_lane_begin_at(const struct co_site *sql, struct sql_lane *lane);
int64_t sql_lane_read_at(const struct co_site *sql, struct sql_lane *lane, const struct cell *cell);
int64_t sql_lane_read_locked_at(
    const struct co_site *sql, struct sql_lane *lane, const struct cell *cell);
void sql_lane_lock_at(const struct co_site *sql, struct sql_lane *lane, const struct cell *cell);
void sql_lane_write_at(
    const struct co_site *sql, struct sql_lane *lane, const struct cell *cell, int64_t value);

/* `also`: what else the row must meet, as SQL; NULL: nothing. */
bool sql_lane_change_at(const struct co_site *sql, struct sql_lane *lane, const struct cell *cell,
    int64_t change, const char *also);

/* The operation's own rule, as a step of the trace. */
#define sql_lane_may(lane, op, seen) sql_lane_may_at(CO_SITE("check"), (lane), (op), (seen))
bool sql_lane_may_at(const struct co_site *site, struct sql_lane *lane, const struct operation *op,
    const int64_t seen[]);

/* The end of the transaction: by COMMIT; or by ROLLBACK, as the operation's rule does not allow it.
 * What failed before is rolled back in either case, and what is said. */
#define sql_lane_commit(lane) sql_lane_commit_at(CO_SITE("COMMIT"), (lane))
#define sql_lane_refuse(lane) sql_lane_refuse_at(CO_SITE("ROLLBACK"), (lane))
CO_MUST_CHECK enum sql_outcome sql_lane_commit_at(const struct co_site *sql, struct sql_lane *lane);
CO_MUST_CHECK enum sql_outcome sql_lane_refuse_at(const struct co_site *sql, struct sql_lane *lane);

/* The transaction's outcome so far: may it be tried again? Counts, and is a step of the trace. At
 * most SQL_LANE_TRIES in all, of which `tried` were made. */
enum { SQL_LANE_TRIES = 100 };
#define sql_lane_retries(lane, outcome, tried)                                                     \
    sql_lane_retries_at(CO_SITE("retry"), (lane), (outcome), (tried))
bool sql_lane_retries_at(
    const struct co_site *site, struct sql_lane *lane, enum sql_outcome outcome, int tried);

#endif
