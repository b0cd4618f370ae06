/* SPDX-License-Identifier: MIT */
/* Invariant: in parallel a lane is in `idle`, or with the one coroutine that borrowed it. */
#include "lab/sql/sql_bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/chan.h"
#include "lab/machine/cell_access.h"

bool sql_bench_fail(struct sql_bench *bench, const char *reason)
{
    if (!atomic_exchange(&bench->claimed, true)) {
        snprintf(bench->error, sizeof bench->error, "%s", reason);
        atomic_store(&bench->failed, true);
    }
    return false;
}

/* ---- open and close -------------------------------------------------------------------------- */

/* A connection for one more lane, as the lab's own role. */
static bool connect_lane(struct sql_bench *bench, bool durable)
{
    struct sql_lane *lane = &bench->lanes[bench->lane_count];
    *lane = (struct sql_lane){
        .context = bench->context, .number = bench->lane_count, .tally = &bench->tally};
    lane->pg =
        sql_place_connect(bench->context, bench->place, durable, &lane->may_hurry, bench->error);
    if (!lane->pg)
        return false;
    bench->lane_count++;
    return true;
}

bool sql_bench_open(struct co_context *context, struct sql_bench *bench, const char *conninfo,
    size_t lanes, bool durable)
{
    co_ensure(lanes <= SQL_BENCH_LANES);
    memset(bench, 0, sizeof *bench);
    bench->context = context;
    bench->idle = co_chan_make(sizeof(struct sql_lane *), SQL_BENCH_LANES);
    if (!bench->idle)
        return sql_bench_fail(bench, "out of memory");
    bench->place = sql_place_take(context, conninfo, bench->error);
    bool good = bench->place != NULL;
    while (good && bench->lane_count < lanes)
        good = connect_lane(bench, durable);
    for (size_t i = 0; good && i < lanes; i++)
        (void)!co_chan_try_send(bench->idle, &(struct sql_lane *){&bench->lanes[i]});
    if (!good)
        sql_bench_close(bench);
    return good;
}

void sql_bench_close(struct sql_bench *bench)
{
    for (size_t i = 0; i < bench->lane_count; i++)
        pg_close(&bench->lanes[i].pg);
    bench->lane_count = 0;
    sql_place_give(&bench->place);
    if (bench->idle)
        co_chan_free(&bench->idle);
}

/* ---- the cells ------------------------------------------------------------------------------- */

/* With what the database has said of it. */
static bool fail_of(struct sql_bench *bench, const char *what)
{
    char reason[SQL_PLACE_ERROR];
    snprintf(reason, sizeof reason, "%s: %.300s", what, pg_message(sql_place_look(bench->place)));
    return sql_bench_fail(bench, reason);
}

/* Fresh rows; where the last schedule was of the same trial, the old ones with what they had. */
bool sql_bench_fill(struct sql_bench *bench, struct trial *trial)
{
    if (bench->filled == trial->scenario && bench->filled_for == trial->clients) {
        if (!sql_place_reset(bench->context, bench->place))
            return fail_of(bench, "the accounts could not be reset");
        return true;
    }
    struct sql_account *accounts = calloc((size_t)trial->cell_count, sizeof *accounts);
    if (!accounts)
        return sql_bench_fail(bench, "out of memory");
    for (int i = 0; i < trial->cell_count; i++) {
        sql_lane_name(&trial->cells[i], accounts[i].name);
        accounts[i].start = trial->cells[i].start;
    }
    bool good = sql_place_fill(bench->context, bench->place, accounts, (size_t)trial->cell_count);
    free(accounts);
    bench->filled = trial->scenario;
    bench->filled_for = trial->clients;
    return good || fail_of(bench, "the accounts could not be made");
}

/* The judge reads cells: after a run they hold what is committed, and note which changed. */
static void take_balance(size_t no, int64_t balance, void *arg)
{
    struct trial *trial = arg;
    struct cell *cell = &trial->cells[no];
    if (atomic_load_explicit(&cell->value, memory_order_relaxed) == balance)
        return;
    atomic_store_explicit(&cell->value, balance, memory_order_relaxed);
    cell_note_change(cell);
}

bool sql_bench_read(struct sql_bench *bench, struct trial *trial)
{
    return sql_place_balances(bench->context, bench->place, take_balance, trial) ||
           fail_of(bench, "the accounts could not be read");
}

/* ---- lending --------------------------------------------------------------------------------- */

struct sql_lane *sql_bench_borrow(struct sql_bench *bench, const struct operation *op)
{
    /* In a schedule each client has a lane of its own; in parallel, whichever is idle. */
    struct sql_lane *lane = &bench->lanes[op->number % SQL_BENCH_LANES];
    if (lane->turns)
        return lane;
    bool got = co_chan_recv(bench->idle, &lane) == CO_CHAN_OK;
    co_ensure(got); /* it is never closed while lanes are lent */
    return lane;
}

void sql_bench_return(struct sql_bench *bench, struct sql_lane *lane, enum sql_outcome outcome)
{
    if (outcome == SQL_FAILED && *lane->error) /* else the schedule is given up */
        sql_bench_fail(bench, lane->error);
    if (lane->turns)
        return;
    bool given = co_chan_try_send(bench->idle, &lane) == CO_CHAN_OK;
    co_ensure(given);
}
