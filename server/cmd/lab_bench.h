/* SPDX-License-Identifier: MIT */
/* The way of `teller lab` to a database, for the strategies that leave it to one. */
#ifndef SERVER_CMD_LAB_BENCH_H
#define SERVER_CMD_LAB_BENCH_H

#include "lab/machine/trial.h"
#include "lab/sql/sql_bench.h"
#include "server/cmd/options.h"

struct lab_bench {
    const struct options *options; /* with CMD_DATABASE_FLAGS, parsed */
    struct trial *trial;           /* opened; has a bench while `work` runs */
    int workers;                   /* of the runtime; 0: one for each processor */
    size_t lanes;
    bool durable; /* commits wait for the disk */
    void (*work)(void *arg);
    void *arg;
};

/* Run work(arg) as the first coroutine of a runtime, with a bench for the trial. False, with the
 * reason on stderr: there is none, or it has failed. */
CO_MUST_CHECK bool lab_bench_run(const struct lab_bench *bench);

#endif
