/* SPDX-License-Identifier: MIT */
/*
 * Invariant: between sql_lane_begin() and the end of its transaction a connection is in one, and
 * outside of that in none, whatever failed in between.
 *
 * What a lane believes is what it has read, or will have changed, in its transaction; what is true
 * is what is committed. It acts on what is stale when some cell that it has read, and has not
 * changed itself, holds something else by now.
 */
#include "lab/sql/sql_lane.h"

#include <stdio.h>
#include <string.h>

enum { SQL_TEXT = 400 };

/* ---- the trace ------------------------------------------------------------------------------- */

static uint32_t bit(const struct cell *cell)
{
    return cell && cell->number < TRACE_CELLS ? UINT32_C(1) << cell->number : 0;
}

static struct trace_step *note(struct sql_lane *lane, enum trace_verb verb,
    const struct co_site *site, const struct cell *cell, const char *text)
{
    if (!lane->turns)
        return NULL;
    return trace_add((uint32_t)lane->number + 1,
        &(struct trace_note){.verb = verb, .cell = cell, .site = site, .text = text});
}

static bool is_stale(const struct sql_lane *lane, const struct cell *cells)
{
    for (int i = 0; i < TRACE_CELLS; i++)
        if ((lane->looked & ~lane->changed) >> i & 1 &&
            lane->saw[i] != atomic_load_explicit(&cells[i].value, memory_order_relaxed))
            return true;
    return false;
}

static void note_value(struct sql_lane *lane, enum trace_verb verb, const struct co_site *site,
    const struct cell *cell, const char *does, int64_t value)
{
    char text[TRACE_TEXT];
    if (!lane->turns)
        return;
    snprintf(text, sizeof text, "%s %lld", does, (long long)value);
    bool stale = verb == TRACE_WRITE && is_stale(lane, cell - cell->number);
    struct trace_step *step =
        trace_add((uint32_t)lane->number + 1, &(struct trace_note){.verb = verb,
                                                  .cell = cell,
                                                  .site = site,
                                                  .text = text,
                                                  .value = value,
                                                  .has_value = true,
                                                  .learns = true});
    if (step)
        step->stale = stale;
}

static void learn(struct sql_lane *lane, const struct cell *cell, int64_t value)
{
    lane->looked |= bit(cell);
    if (bit(cell))
        lane->saw[cell->number] = value;
}

/* ---- a statement ----------------------------------------------------------------------------- */

static enum sql_outcome outcome_of(struct sql_lane *lane, enum pg_status status)
{
    if (status == PG_OK)
        return SQL_DONE;
    const char *state = status == PG_ERROR ? pg_sqlstate(lane->pg) : "";
    if (strcmp(state, "40001") == 0)
        return SQL_CONFLICT;
    if (strcmp(state, "40P01") == 0) {
        atomic_fetch_add_explicit(&lane->tally->deadlocks, 1, memory_order_relaxed);
        return SQL_DEADLOCK;
    }
    snprintf(lane->error, sizeof lane->error, "%.90s", pg_message(lane->pg));
    return SQL_FAILED;
}

/* This statement closes a circle of lanes that wait for each other: then it shall be this one that
 * is ended, and soon. The others have given themselves more time. */
static void hurry(struct sql_lane *lane)
{
    size_t circle[SQL_LANES];
    if (lane->hurries || !lane->may_hurry || !sql_turns_circle(lane->turns, lane->number, circle))
        return;
    lane->hurries = true;
    enum pg_status status =
        pg_script(lane->context, lane->pg, "SET LOCAL deadlock_timeout = '1ms'");
    if (status != PG_OK)
        lane->outcome = outcome_of(lane, status);
}

/* BEGIN alone does nothing that others could see: it is told with the statement that follows. */
static void note_begin(struct sql_lane *lane)
{
    static const char begin[] = "BEGIN ISOLATION LEVEL";
    char text[TRACE_TEXT] = "BEGIN";
    if (!lane->begun)
        return;
    if (strncmp(lane->begun->name, begin, strlen(begin)) == 0)
        snprintf(text, sizeof text, "BEGIN%.40s", lane->begun->name + strlen(begin));
    note(lane, TRACE_START, lane->begun, NULL, text);
    lane->begun = NULL;
}

/* Wait for the lane's turn. False: it does not come, or something has failed before. */
static bool await_turn(
    struct sql_lane *lane, const struct co_site *sql, const struct cell *cell, uint32_t rows)
{
    if (lane->outcome != SQL_DONE || !lane->turns)
        return lane->outcome == SQL_DONE;
    lane->at = sql;
    lane->on = cell;
    if (!sql_turns_await(lane->turns, lane->number, pg_process(lane->pg), rows)) {
        lane->outcome = SQL_FAILED;
        return false;
    }
    note_begin(lane);
    hurry(lane);
    return lane->outcome == SQL_DONE;
}

/* It was answered; what comes of that is told when all is at rest. */
static void await_rest(struct sql_lane *lane, enum pg_status status)
{
    if (lane->outcome == SQL_DONE)
        lane->outcome = outcome_of(lane, status);
    if (lane->turns)
        sql_turns_answered(lane->turns, lane->number, lane->outcome == SQL_DONE);
    if (lane->turns && lane->outcome == SQL_CONFLICT)
        note(lane, TRACE_ANSWER, lane->at, NULL, "serialization failure");
    if (lane->turns && lane->outcome == SQL_DEADLOCK)
        note(lane, TRACE_ANSWER, lane->at, NULL, "deadlock detected");
}

/* A statement: where it stands, which cell it is about, and the rows that it locks. */
struct sql_call {
    const struct co_site *at;
    const char *sql;
    const struct cell *cell; /* NULL: several */
    uint32_t locks;
};

/* Its rows are *rows, if it was carried out, else NULL; `rows` NULL: it gives none. */
static bool run(struct sql_lane *lane, const struct sql_call *call, const char *const *values,
    struct pg_result **rows)
{
    unsigned parameters = 0;
    while (parameters < PG_PARAMETERS && values[parameters])
        parameters++;
    if (rows)
        *rows = NULL;
    if (!await_turn(lane, call->at, call->cell, call->locks))
        return false;
    const struct pg_statement statement = {.parameters = parameters, .sql = call->sql};
    await_rest(lane, pg_run(lane->context, lane->pg, &statement, values, rows));
    return lane->outcome == SQL_DONE;
}

static void hold(struct sql_lane *lane, const struct cell *cell)
{
    if (lane->turns)
        sql_turns_hold(lane->turns, lane->number, bit(cell));
}

static void release(struct sql_lane *lane)
{
    if (lane->turns)
        sql_turns_release(lane->turns, lane->number);
}

/* ---- statements ------------------------------------------------------------------------------ */

const char *sql_lane_name(const struct cell *cell, char text[SQL_LANE_NAME])
{
    if (cell->number <= TRIAL_CLIENTS_SEEDED)
        snprintf(text, SQL_LANE_NAME, "%s", cell->name);
    else
        snprintf(text, SQL_LANE_NAME, "%.40s %d", cell->name, cell->number);
    return text;
}

void sql_lane_begin_at(const struct co_site *sql, struct sql_lane *lane)
{
    lane->outcome = SQL_DONE;
    lane->error[0] = '\0';
    lane->begun = sql;
    lane->hurries = false;
    lane->looked = lane->changed = 0;
    enum pg_status status = pg_script(lane->context, lane->pg, sql->name);
    lane->outcome = outcome_of(lane, status);
}

static int64_t read_row(
    const struct co_site *sql, struct sql_lane *lane, const struct cell *cell, bool locks)
{
    char name[SQL_LANE_NAME];
    const char *const values[] = {sql_lane_name(cell, name), NULL};
    struct pg_result *rows;
    int64_t value = 0;
    if (run(lane, &(struct sql_call){sql, sql->name, cell, locks ? bit(cell) : 0}, values, &rows)) {
        value = pg_rows(rows) ? pg_number(rows, 0, 0) : 0;
        learn(lane, cell, value);
        if (locks)
            hold(lane, cell);
        note_value(lane, locks ? TRACE_LOCK : TRACE_READ, sql, cell,
            locks ? "locks and reads" : "reads", value);
    }
    pg_free(&rows);
    return value;
}

int64_t sql_lane_read_at(const struct co_site *sql, struct sql_lane *lane, const struct cell *cell)
{
    return read_row(sql, lane, cell, false);
}

int64_t sql_lane_read_locked_at(
    const struct co_site *sql, struct sql_lane *lane, const struct cell *cell)
{
    return read_row(sql, lane, cell, true);
}

void sql_lane_lock_at(const struct co_site *sql, struct sql_lane *lane, const struct cell *cell)
{
    char name[SQL_LANE_NAME];
    const char *const values[] = {sql_lane_name(cell, name), NULL};
    struct pg_result *rows;
    if (run(lane, &(struct sql_call){sql, sql->name, cell, bit(cell)}, values, &rows)) {
        hold(lane, cell);
        note(lane, TRACE_LOCK, sql, cell, "locks");
    }
    pg_free(&rows);
}

static void note_changed(struct sql_lane *lane, const struct co_site *sql, const struct cell *cell,
    const char *does, int64_t value)
{
    note_value(lane, TRACE_WRITE, sql, cell, does, value);
    hold(lane, cell);
    lane->changed |= bit(cell);
    learn(lane, cell, value);
}

void sql_lane_write_at(
    const struct co_site *sql, struct sql_lane *lane, const struct cell *cell, int64_t value)
{
    char name[SQL_LANE_NAME], number[24];
    const char *const values[] = {sql_lane_name(cell, name), number, NULL};
    snprintf(number, sizeof number, "%lld", (long long)value);
    if (run(lane, &(struct sql_call){sql, sql->name, cell, bit(cell)}, values, NULL))
        note_changed(lane, sql, cell, "writes", value);
}

bool sql_lane_change_at(const struct co_site *sql, struct sql_lane *lane, const struct cell *cell,
    int64_t change, const char *also)
{
    char name[SQL_LANE_NAME], number[24], text[SQL_TEXT];
    const char *const values[] = {sql_lane_name(cell, name), number, NULL};
    struct pg_result *rows;
    bool found = false;
    snprintf(number, sizeof number, "%lld", (long long)change);
    int length = snprintf(text, sizeof text, "%s%s%s RETURNING balance", sql->name,
        also ? " AND " : "", also ? also : "");
    co_ensure(length < SQL_TEXT);
    if (run(lane, &(struct sql_call){sql, text, cell, bit(cell)}, values, &rows)) {
        found = pg_rows(rows) > 0;
        if (found)
            note_changed(
                lane, sql, cell, change < 0 ? "lowers to" : "raises to", pg_number(rows, 0, 0));
        else
            note(lane, TRACE_CHECK, sql, cell, "finds no row that meets the condition");
    }
    pg_free(&rows);
    return found;
}

bool sql_lane_may_at(const struct co_site *site, struct sql_lane *lane, const struct operation *op,
    const int64_t seen[])
{
    if (lane->outcome != SQL_DONE)
        return false;
    bool may = !op->may || op->may(op, seen);
    note(lane, TRACE_CHECK, site, op->count == 1 ? op->cells[0] : NULL,
        may ? "checks: enough" : "checks: no");
    return may;
}

/* ---- ends ------------------------------------------------------------------------------------ */

/* What failed holds no locks any more: nobody waits for this ROLLBACK. */
static enum sql_outcome give_up(struct sql_lane *lane)
{
    if (!pg_is_lost(lane->pg) && pg_script(lane->context, lane->pg, "ROLLBACK") != PG_OK)
        lane->outcome = SQL_FAILED;
    release(lane);
    return lane->outcome;
}

static enum sql_outcome end(
    const struct co_site *sql, struct sql_lane *lane, enum sql_outcome outcome, const char *text)
{
    if (!await_turn(lane, sql, NULL, 0))
        return give_up(lane);
    enum pg_status status = pg_script(lane->context, lane->pg, sql->name);
    lane->committed = outcome == SQL_DONE && status == PG_OK && lane->changed;
    release(lane);
    await_rest(lane, status);
    if (lane->outcome != SQL_DONE)
        return lane->outcome; /* a COMMIT that is refused is the end, too */
    note(lane, TRACE_UNLOCK, sql, NULL, text);
    return outcome;
}

enum sql_outcome sql_lane_commit_at(const struct co_site *sql, struct sql_lane *lane)
{
    return end(sql, lane, SQL_DONE, "commits");
}

enum sql_outcome sql_lane_refuse_at(const struct co_site *sql, struct sql_lane *lane)
{
    return end(sql, lane, SQL_REFUSED, "rolls back");
}

bool sql_lane_retries_at(
    const struct co_site *site, struct sql_lane *lane, enum sql_outcome outcome, int tried)
{
    if ((outcome != SQL_CONFLICT && outcome != SQL_DEADLOCK) || tried >= SQL_LANE_TRIES)
        return false;
    atomic_fetch_add_explicit(&lane->tally->retries, 1, memory_order_relaxed);
    note(lane, TRACE_RETRY, site, NULL, "begins again");
    if (lane->turns)
        trace_forget((uint32_t)lane->number + 1);
    return true;
}
