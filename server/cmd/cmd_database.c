/* SPDX-License-Identifier: MIT */
#include "server/cmd/cmd_database.h"

#include <stdio.h>

#include "coro/runtime.h"
#include "ledger/db/migrate.h"
#include "server/postgres/database.h"

enum { ERROR_TEXT = 400 };

int cmd_database_parse(
    const struct options *options, int argc, char **argv, const char **words, int max)
{
    switch (options_parse(options, argc, argv, 2, words, max)) {
    case OPTIONS_HELP:
        return 0;
    case OPTIONS_BAD:
        return 2;
    case OPTIONS_GOOD:
        break;
    }
    return -1;
}

struct run {
    const struct cmd_database *command;
    int exit_code;
};

static bool connect_and_work(struct co_context *context, struct run *run, char *error, size_t size)
{
    const struct cmd_database *command = run->command;
    const struct database_options which = {.data = options_value(command->options, "data"),
        .url = options_value(command->options, "database"),
        .postgres_bin = options_value(command->options, "postgres-bin")};
    struct database database;
    if (!database_open(context, &which, &database, error, size))
        return false;
    struct pg *pg = pg_connect(context, database.conninfo, NULL, error, size);
    /* "teller migrate" itself runs on any schema. */
    bool good = pg && (command->any_schema || migrate_check(context, pg, error, size) == PG_OK);
    if (good)
        run->exit_code = command->work(context, pg, command->arg);
    pg_close(&pg);
    database_close(&database);
    return good;
}

static void run_command(void *arg)
{
    struct run *run = arg;
    char error[ERROR_TEXT];
    struct co_context *deadline = NULL, *context = co_context_background();
    if (run->command->limit_ns) {
        deadline = co_context_with_timeout(context, run->command->limit_ns);
        context = deadline ? deadline : context; /* without memory for a limit there is none */
    }
    if (!connect_and_work(context, run, error, sizeof error))
        fprintf(stderr, "teller: %s\n", error);
    if (deadline)
        co_context_release(&deadline);
}

int cmd_database_run(const struct cmd_database *command)
{
    struct run run = {.command = command, .exit_code = 1};
    /* PGHOST and its like count only beside --database. */
    pg_clear_environment(options_value(command->options, "database") == NULL);
    (void)co_runtime_run(NULL, run_command, &run);
    return run.exit_code;
}

int cmd_database_ledger(struct co_context *context, struct pg *pg, const char *name)
{
    static const struct pg_statement find = {1, "SELECT no FROM ledger WHERE name = $1"};
    struct pg_result *rows = NULL;
    int number = 0;
    if (pg_run(context, pg, &find, &name, &rows) != PG_OK)
        fprintf(stderr, "teller: %s\n", pg_message(pg));
    else if (pg_rows(rows) == 0)
        fprintf(stderr, "teller: there is no ledger %s\n", name);
    else
        number = (int)pg_number(rows, 0, 0);
    pg_free(&rows);
    return number;
}
