/* SPDX-License-Identifier: MIT */
#include "server/cmd/cmd_database.h"

#include <stdio.h>
#include <string.h>

#include "coro/runtime.h"
#include "ledger/bank/bank_name.h"
#include "ledger/db/migrate.h"
#include "server/cmd/cmd_databases.h"
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

static struct run {
    const struct cmd_database *command;
    struct database_list databases; /* empty: the private one */
    size_t index;                   /* of the one that is worked with */
    int exit_code;
} the_run;

const struct database_list *cmd_database_list(size_t *index)
{
    *index = the_run.index;
    return &the_run.databases;
}

/* Which of them has the ledger, by the word of the first; else the first that has one of that
 * name. False: see `error`. */
static bool find_home(
    struct co_context *context, struct run *run, size_t *index, char *error, size_t size)
{
    static const struct pg_statement ask = {1,
        "SELECT coalesce((SELECT database FROM ledger_name WHERE name = $1), ''),"
        " EXISTS (SELECT FROM ledger WHERE name = $1)"};
    const char *name = run->command->ledger;
    bool found = false, good = true;
    *index = 0;
    /* Whatever else was called that in another one, or here once ceded. */
    if (strcmp(name, BANK_NAME_MAIN) == 0)
        return true;
    for (; good && !found && *index < run->databases.count; *index += !found && good) {
        struct pg_result *rows = NULL;
        struct pg *pg =
            pg_connect(context, run->databases.rows[*index].conninfo, NULL, error, size);
        good = pg && migrate_check(context, pg, error, size) == PG_OK;
        if (good && pg_run(context, pg, &ask, &name, &rows) != PG_OK) {
            snprintf(error, size, "%s", pg_message(pg));
            good = false;
        }
        found = good && *pg_text(rows, 0, 1) == 't';
        if (good && *index == 0 && *pg_text(rows, 0, 0)) {
            found = true;
            good = database_list_find(&run->databases, pg_text(rows, 0, 0), index);
            if (!good)
                snprintf(error, size, "the ledger %s is in the database %s, which was not given",
                    name, pg_text(rows, 0, 0));
        }
        pg_free(&rows);
        pg_close(&pg);
    }
    if (!found)
        *index = 0; /* which says that there is none */
    return good;
}

static bool connect_and_work(
    struct co_context *context, struct run *run, const char *conninfo, char *error, size_t size)
{
    const struct cmd_database *command = run->command;
    struct pg *pg = pg_connect(context, conninfo, NULL, error, size);
    /* "teller migrate" itself runs on any schema. */
    bool good = pg && (command->any_schema || migrate_check(context, pg, error, size) == PG_OK);
    int exit_code = good ? command->work(context, pg, command->arg) : 1;
    if (exit_code > run->exit_code)
        run->exit_code = exit_code;
    pg_close(&pg);
    return good;
}

static void work_on_private(struct co_context *context, struct run *run)
{
    const struct options *options = run->command->options;
    const struct database_options which = {.data = options_value(options, "data"),
        .postgres_bin = options_value(options, "postgres-bin")};
    struct database database;
    char error[ERROR_TEXT];
    run->exit_code = 1;
    bool good = database_open(context, &which, &database, error, sizeof error);
    if (good) {
        run->exit_code = 0;
        good = connect_and_work(context, run, database.conninfo, error, sizeof error);
        database_close(&database);
    }
    if (!good)
        fprintf(stderr, "teller: %s\n", error);
}

static void work_on_named(struct co_context *context, struct run *run)
{
    const struct database_list *databases = &run->databases;
    size_t from = 0, count = run->command->with_each ? databases->count : 1;
    char error[ERROR_TEXT];
    if (databases->count > 1 && run->command->ledger &&
        !find_home(context, run, &from, error, sizeof error)) {
        fprintf(stderr, "teller: %s\n", error);
        run->exit_code = 1;
        return;
    }
    for (size_t i = from; i < from + count; i++) {
        const struct database_list_row *row = &databases->rows[i];
        run->index = i;
        if (count > 1)
            printf("%s: ", row->name);
        if (!connect_and_work(context, run, row->conninfo, error, sizeof error)) {
            if (count > 1)
                puts("not done");
            fprintf(stderr, "teller: %s%s%s\n", count > 1 ? row->name : "", count > 1 ? ": " : "",
                error);
        }
    }
}

static void run_command(void *arg)
{
    struct run *run = arg;
    struct co_context *deadline = NULL, *context = co_context_background();
    if (run->command->limit_ns) {
        deadline = co_context_with_timeout(context, run->command->limit_ns);
        context = deadline ? deadline : context; /* without memory for a limit there is none */
    }
    if (run->databases.count)
        work_on_named(context, run);
    else
        work_on_private(context, run);
    if (deadline)
        co_context_release(&deadline);
}

int cmd_database_run(const struct cmd_database *command)
{
    the_run = (struct run){.command = command};
    if (!cmd_databases_read(command->options, &the_run.databases))
        return 2;
    /* PGHOST and its like count only beside --database. */
    pg_clear_environment(the_run.databases.count == 0);
    (void)co_runtime_run(NULL, run_command, &the_run);
    return the_run.exit_code;
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
