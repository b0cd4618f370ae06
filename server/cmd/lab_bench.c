/* SPDX-License-Identifier: MIT */
#include "server/cmd/lab_bench.h"

#include <stdio.h>
#include <string.h>

#include "coro/runtime.h"
#include "ledger/db/pg.h"
#include "server/cmd/cmd_databases.h"
#include "server/postgres/database.h"

struct run {
    const struct lab_bench *bench;
    struct sql_bench sql;
    const char *url; /* NULL: the private one */
    char error[SQL_PLACE_ERROR];
    bool good;
};

static bool work_on(struct run *run, struct co_context *context, const struct database *database)
{
    const struct lab_bench *bench = run->bench;
    if (!sql_bench_open(context, &run->sql, database->conninfo, bench->lanes, bench->durable)) {
        snprintf(run->error, sizeof run->error, "%s", run->sql.error);
        return false;
    }
    bench->trial->bench = &run->sql;
    bench->work(bench->arg);
    bench->trial->bench = NULL;
    snprintf(run->error, sizeof run->error, "%s", run->sql.error);
    bool failed = run->sql.failed;
    sql_bench_close(&run->sql);
    return !failed;
}

static void run_main(void *arg)
{
    struct run *run = arg;
    const struct options *options = run->bench->options;
    struct co_context *context = co_context_background();
    const struct database_options which = {.data = options_value(options, "data"),
        .url = run->url,
        .postgres_bin = options_value(options, "postgres-bin")};
    struct database database;
    if (!database_open(context, &which, &database, run->error, sizeof run->error))
        return;
    run->good = work_on(run, context, &database);
    database_close(&database);
}

bool lab_bench_run(const struct lab_bench *bench)
{
    static struct run run; /* large */
    static struct database_list databases;
    memset(&run, 0, sizeof run);
    run.bench = bench;
    if (!cmd_databases_read(bench->options, &databases))
        return false;
    if (databases.count) /* the first, as a service would */
        run.url = databases.rows[0].conninfo;
    pg_clear_environment(!run.url);
    (void)co_runtime_run(&(struct co_runtime_options){.workers = bench->workers}, run_main, &run);
    if (!run.good)
        fprintf(stderr, "teller: %s\n", run.error);
    return run.good;
}
