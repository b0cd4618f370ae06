/* SPDX-License-Identifier: MIT */
/*
 * Invariants
 * - Between two choices no lane runs: each is READY, WAITING or GONE.
 * - A lane is WAITING only after two looks in a row, with nothing heard between them, have found
 *   all lanes that are out blocked, by the same others, and in no circle. While they wait nothing
 *   moves but by an answer, after which all that wait are looked at again.
 * - since is when, counted in waits, it began to wait; 0: it does not.
 */
#include "lab/sql/sql_turns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/chan.h"
#include "coro/clock.h"
#include "coro/select.h"

enum state {
    STARTING, /* has not come to its first statement yet, or goes on after an answer */
    READY,    /* stands before a statement */
    OUT,      /* has sent it */
    WAITING,  /* has sent it, and was seen to wait for a lock */
    ANSWERED, /* may go on when all is at rest */
    GONE,
};

struct turn {
    enum state state;
    struct co_chan *go; /* a signal: send your statement, or go on after its answer */
    int process;
    uint32_t rows;  /* that its statement locks */
    uint32_t holds; /* that its transaction has locked */
    uint32_t blockers;
    uint64_t since;
    bool served; /* ANSWERED: it was carried out, not refused */
};

struct sql_turns {
    struct sql_place *place;
    struct co_chan *news; /* a signal: the state of a lane has changed */
    bool given_up;
    uint64_t waits; /* counted so far */
    size_t count;
    struct turn lanes[SQL_LANES];
};

/* Long enough for most answers to come without a look, which costs the database a little. */
static const int64_t answer_ns = 300 * CO_CLOCK_US;
enum { PATIENCE_MAX = 20 * CO_CLOCK_MS };

struct sql_turns *sql_turns_make(struct sql_place *place, size_t lanes)
{
    co_ensure(lanes <= SQL_LANES);
    struct sql_turns *turns = calloc(1, sizeof *turns);
    if (!turns)
        return NULL;
    turns->place = place;
    turns->count = lanes;
    turns->news = co_chan_make(0, 1);
    bool good = turns->news != NULL;
    for (size_t i = 0; i < lanes && good; i++)
        good = (turns->lanes[i].go = co_chan_make(0, 1)) != NULL;
    if (!good)
        sql_turns_free(&turns);
    return turns;
}

void sql_turns_free(struct sql_turns **turns)
{
    if (!*turns)
        return;
    for (size_t i = 0; i < (*turns)->count; i++)
        if ((*turns)->lanes[i].go)
            co_chan_free(&(*turns)->lanes[i].go);
    if ((*turns)->news)
        co_chan_free(&(*turns)->news);
    free(*turns);
    *turns = NULL;
}

/* ---- a lane's side --------------------------------------------------------------------------- */

/* One signal that was not taken yet is as good as two. */
static void tell(struct sql_turns *turns, size_t lane, enum state state)
{
    turns->lanes[lane].state = state;
    (void)!co_chan_try_send(turns->news, NULL);
}

bool sql_turns_await(struct sql_turns *turns, size_t lane, int process, uint32_t rows)
{
    struct turn *turn = &turns->lanes[lane];
    turn->process = process;
    turn->rows = rows;
    tell(turns, lane, READY);
    return co_chan_recv(turn->go, NULL) == CO_CHAN_OK && !turns->given_up;
}

void sql_turns_answered(struct sql_turns *turns, size_t lane, bool served)
{
    turns->lanes[lane].served = served;
    tell(turns, lane, ANSWERED);
    (void)!co_chan_recv(turns->lanes[lane].go, NULL); /* closed: the run is given up */
}

void sql_turns_leave(struct sql_turns *turns, size_t lane)
{
    tell(turns, lane, GONE);
}

/* ---- who has what ---------------------------------------------------------------------------- */

void sql_turns_hold(struct sql_turns *turns, size_t lane, uint32_t rows)
{
    turns->lanes[lane].holds |= rows;
}

void sql_turns_release(struct sql_turns *turns, size_t lane)
{
    turns->lanes[lane].holds = 0;
}

bool sql_turns_holder(const struct sql_turns *turns, size_t lane, size_t *holder, int *row)
{
    for (size_t i = 0; i < turns->count; i++) {
        uint32_t rows = turns->lanes[lane].rows & turns->lanes[i].holds;
        if (i == lane || !rows)
            continue;
        *holder = i;
        *row = __builtin_ctz(rows);
        return true;
    }
    return false;
}

/* Each of them waits, but the first, whose statement it is. */
size_t sql_turns_circle(const struct sql_turns *turns, size_t lane, size_t circle[SQL_LANES])
{
    size_t at = lane, next;
    int row;
    for (size_t count = 0; count < turns->count; at = next) {
        circle[count++] = at;
        if (!sql_turns_holder(turns, at, &next, &row))
            return 0;
        if (next == lane)
            return count;
        if (turns->lanes[next].since == 0)
            return 0;
    }
    return 0;
}

/* ---- looking at who waits -------------------------------------------------------------------- */

static uint32_t in_state(const struct sql_turns *turns, enum state state)
{
    uint32_t mask = 0;
    for (size_t i = 0; i < turns->count; i++)
        if (turns->lanes[i].state == state)
            mask |= UINT32_C(1) << i;
    return mask;
}

/* A blocker that is no lane of ours counts as the lane's own: it is blocked, and in a circle, so
 * that nobody takes it for at rest. */
static uint32_t mask_of(const struct sql_turns *turns, int64_t process, size_t self)
{
    for (size_t i = 0; i < turns->count; i++)
        if (turns->lanes[i].process == process)
            return UINT32_C(1) << i;
    return UINT32_C(1) << self;
}

static bool ask_blockers(
    struct co_context *context, struct sql_turns *turns, uint32_t out, uint32_t blockers[SQL_LANES])
{
    static const struct pg_statement look = {.parameters = 1,
        .sql = "SELECT l.no - 1, b.pid FROM unnest($1::int[]) WITH ORDINALITY l (pid, no),"
               " LATERAL unnest(pg_blocking_pids(l.pid)) b (pid)"};
    char pids[SQL_LANES * 12 + 3] = "{";
    const char *value = pids;
    struct pg_result *rows = NULL;
    for (size_t i = 0; i < turns->count; i++) {
        size_t length = strlen(pids);
        snprintf(pids + length, sizeof pids - length, "%s%d", i ? "," : "",
            out >> i & 1 ? turns->lanes[i].process : 0);
    }
    strncat(pids, "}", sizeof pids - strlen(pids) - 1);
    if (pg_run(context, sql_place_look(turns->place), &look, &value, &rows) != PG_OK)
        return false;
    memset(blockers, 0, SQL_LANES * sizeof *blockers);
    for (size_t row = 0; row < pg_rows(rows); row++) {
        size_t lane = (size_t)pg_number(rows, row, 0);
        blockers[lane] |= mask_of(turns, pg_number(rows, row, 1), lane);
    }
    pg_free(&rows);
    return true;
}

/* Does somebody wait, by way of others, for itself? Then the database is about to end it. */
static bool is_circle(const uint32_t blockers[SQL_LANES], size_t count)
{
    for (size_t from = 0; from < count; from++) {
        uint32_t reached = blockers[from];
        for (size_t step = 0; step < count; step++)
            for (size_t i = 0; i < count; i++)
                if (reached >> i & 1)
                    reached |= blockers[i];
        if (reached >> from & 1)
            return true;
    }
    return false;
}

static bool all_blocked(uint32_t out, const uint32_t blockers[SQL_LANES])
{
    for (size_t i = 0; i < SQL_LANES; i++)
        if (out >> i & 1 && blockers[i] == 0)
            return false;
    return true;
}

/* ---- coming to rest -------------------------------------------------------------------------- */

/* Park until a lane tells something, or that long. False: nothing was told. */
static bool hear(struct co_context *context, struct sql_turns *turns, int64_t timeout_ns)
{
    struct co_select_case cases[] = {
        {.op = CO_SELECT_RECV, .chan = turns->news},
        {.op = CO_SELECT_RECV, .chan = co_context_done(context)},
    };
    return co_select_timeout(cases, 2, timeout_ns) == 0;
}

static void note_waiting(struct sql_turns *turns, const struct sql_turns_guide *guide, uint32_t out,
    const uint32_t blockers[SQL_LANES])
{
    for (size_t i = 0; i < turns->count; i++) {
        if (!(out >> i & 1))
            continue;
        struct turn *turn = &turns->lanes[i];
        bool begins = turn->since == 0;
        turn->state = WAITING;
        turn->blockers = blockers[i];
        if (begins)
            turn->since = ++turns->waits;
        if (begins && guide->waits)
            guide->waits(guide->arg, i, blockers[i]);
    }
}

/* Those that wait may have been freed by what was answered. */
static void doubt_waiting(struct sql_turns *turns)
{
    for (size_t i = 0; i < turns->count; i++)
        if (turns->lanes[i].state == WAITING)
            turns->lanes[i].state = OUT;
}

/* Nothing was heard for a while: ask the database who waits. *seen: the last look found all that
 * are out blocked, by those in `before`. False: the connection is gone. */
static bool look(struct co_context *context, struct sql_turns *turns,
    const struct sql_turns_guide *guide, uint32_t before[SQL_LANES], bool *seen)
{
    uint32_t blockers[SQL_LANES], answered = in_state(turns, ANSWERED);
    uint32_t out = in_state(turns, OUT) | in_state(turns, WAITING);
    if (!ask_blockers(context, turns, out, blockers))
        return false;
    if (in_state(turns, ANSWERED) != answered) { /* meanwhile: what was seen is out of date */
        *seen = false;
        return true;
    }

    /* The same picture twice, with nothing heard between, and nobody in a circle: at rest. */
    bool still = all_blocked(out, blockers) && !is_circle(blockers, turns->count);
    if (still && *seen && memcmp(before, blockers, sizeof blockers) == 0)
        note_waiting(turns, guide, out, blockers);
    *seen = still;
    memcpy(before, blockers, sizeof blockers);
    return true;
}

/* False: given up. */
static bool settle(
    struct co_context *context, struct sql_turns *turns, const struct sql_turns_guide *guide)
{
    uint32_t before[SQL_LANES], answered = in_state(turns, ANSWERED);
    bool seen = false;
    int64_t until_ns = co_clock_now_ns() + SQL_TURNS_STUCK_S * CO_CLOCK_S, patience_ns = answer_ns;
    while (co_clock_now_ns() < until_ns && co_context_err(context) == CO_CONTEXT_OK) {
        uint32_t now = in_state(turns, ANSWERED), starting = in_state(turns, STARTING);
        if (now != answered) {
            doubt_waiting(turns);
            seen = false;
            answered = now;
        }
        if (!starting && !in_state(turns, OUT) &&
            (now || in_state(turns, READY) || !in_state(turns, WAITING)))
            return true;
        if (hear(context, turns, patience_ns))
            continue;
        if (!starting && !look(context, turns, guide, before, &seen))
            return false;
        if (!seen && patience_ns < PATIENCE_MAX)
            patience_ns *= 2; /* it takes long: look less often */
    }
    return false;
}

/* ---- going on -------------------------------------------------------------------------------- */

/* Of two that waited for the same rows the later one was served first. */
static bool is_by_chance(const struct sql_turns *turns)
{
    for (size_t i = 0; i < turns->count; i++)
        for (size_t k = 0; k < turns->count; k++) {
            const struct turn *served = &turns->lanes[i], *waits = &turns->lanes[k];
            if (served->state == ANSWERED && served->served && waits->state == WAITING &&
                served->since > waits->since && served->rows && served->rows == waits->rows)
                return true;
        }
    return false;
}

/* The lane that did not wait goes on first, then those that did, in that order. */
static bool next_answered(const struct sql_turns *turns, size_t *next)
{
    bool found = false;
    for (size_t i = 0; i < turns->count; i++)
        if (turns->lanes[i].state == ANSWERED &&
            (!found || turns->lanes[i].since < turns->lanes[*next].since)) {
            *next = i;
            found = true;
        }
    return found;
}

static bool let_go(
    struct co_context *context, struct sql_turns *turns, size_t lane, enum state state)
{
    turns->lanes[lane].state = state;
    bool sent = co_chan_try_send(turns->lanes[lane].go, NULL) == CO_CHAN_OK;
    co_ensure(sent); /* it stands there, and has taken all signals before this one */
    while (state == STARTING && turns->lanes[lane].state == STARTING)
        if (!hear(context, turns, SQL_TURNS_STUCK_S * CO_CLOCK_S) &&
            turns->lanes[lane].state == STARTING)
            return false;
    return true;
}

/* Each lane that was answered runs on to its next statement, or its end. */
static bool go_on(
    struct co_context *context, struct sql_turns *turns, const struct sql_turns_guide *guide)
{
    size_t lane = 0;
    while (next_answered(turns, &lane)) {
        if (turns->lanes[lane].since && guide->wakes)
            guide->wakes(guide->arg, lane);
        turns->lanes[lane].since = 0;
        if (!let_go(context, turns, lane, STARTING))
            return false;
    }
    return true;
}

/*
 * Those that may be chosen. Several that wait for one row are served in an order that the database
 * leaves to the operating system's scheduler: so a lane that would be the second one there stays
 * where it is. But if there are only such lanes, and one of them has what another waits for, it is
 * let in, as they wait in a circle of which the database sees no more than a part.
 */
static uint32_t find_ready(const struct sql_turns *turns)
{
    uint32_t ready = in_state(turns, READY), awaited = 0, alone = 0, needed = 0;
    for (size_t i = 0; i < turns->count; i++)
        if (turns->lanes[i].state == WAITING)
            awaited |= turns->lanes[i].rows;
    for (size_t i = 0; i < turns->count; i++) {
        if (ready >> i & 1 && !(turns->lanes[i].rows & awaited))
            alone |= UINT32_C(1) << i;
        if (ready >> i & 1 && turns->lanes[i].holds & awaited)
            needed |= UINT32_C(1) << i;
    }
    return alone ? alone : needed ? needed : ready;
}

/* No lane may be left parked: what they have sent is answered sooner or later, and they leave. */
static void give_up(struct sql_turns *turns)
{
    turns->given_up = true;
    for (size_t i = 0; i < turns->count; i++)
        (void)co_chan_close(turns->lanes[i].go);
    while (in_state(turns, GONE) != (UINT32_C(1) << turns->count) - 1)
        (void)!co_chan_recv(turns->news, NULL);
}

enum sql_turns_status sql_turns_run(
    struct co_context *context, struct sql_turns *turns, const struct sql_turns_guide *guide)
{
    enum sql_turns_status status = SQL_TURNS_DONE;
    for (;;) {
        bool good = settle(context, turns, guide);
        if (good && is_by_chance(turns))
            status = SQL_TURNS_CHANCE;
        good = good && guide->settled(guide->arg) && go_on(context, turns, guide);
        if (!good || status == SQL_TURNS_CHANCE) {
            give_up(turns);
            return good ? SQL_TURNS_CHANCE : SQL_TURNS_LOST;
        }
        uint32_t ready = find_ready(turns);
        if (!ready)
            return in_state(turns, WAITING) ? SQL_TURNS_LOST : SQL_TURNS_DONE;
        (void)let_go(context, turns, guide->choose(guide->arg, ready), OUT);
    }
}
