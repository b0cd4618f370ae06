/* SPDX-License-Identifier: MIT */
/*
 * The bench of a trial on a database: a place in it, and a few connections, the lanes. In a
 * schedule each operation has its own; in parallel they are lent to whoever comes first.
 */
#ifndef LAB_SQL_SQL_BENCH_H
#define LAB_SQL_SQL_BENCH_H

#include "lab/sql/sql_lane.h"

enum { SQL_BENCH_LANES = 16 };

struct sql_bench {
    struct co_context *context;
    struct sql_place *place;
    struct sql_tally tally;
    size_t lane_count; /* connected */
    struct sql_lane lanes[SQL_BENCH_LANES];
    struct co_chan *idle;         /* of struct sql_lane *: in parallel */
    _Atomic bool claimed, failed; /* `error` is somebody's to write; it says why this is of no use
                                     any more */
    char error[SQL_PLACE_ERROR];
    const void *filled; /* what the place was filled for: sql_bench_fill() */
    int filled_for;
};

/* Take a place and connect `lanes` (at most SQL_BENCH_LANES) lanes. `durable`: what is committed
 * waits for the disk. False: the reason is in bench->error, and nothing is to be closed. Parks. */
CO_MUST_CHECK bool sql_bench_open(struct co_context *context, struct sql_bench *bench,
    const char *conninfo, size_t lanes, bool durable);
void sql_bench_close(struct sql_bench *bench);

/* It cannot go on; the first reason stays. Always false. */
bool sql_bench_fail(struct sql_bench *bench, const char *reason);

/* The accounts of the place are the cells of the trial, each with its start. Parks. */
CO_MUST_CHECK bool sql_bench_fill(struct sql_bench *bench, struct trial *trial);

/* The cells of the trial hold what is committed. Parks. */
CO_MUST_CHECK bool sql_bench_read(struct sql_bench *bench, struct trial *trial);

/* The lane for an operation: parks until there is one. */
struct sql_lane *sql_bench_borrow(struct sql_bench *bench, const struct operation *op);
void sql_bench_return(struct sql_bench *bench, struct sql_lane *lane, enum sql_outcome outcome);

#endif
