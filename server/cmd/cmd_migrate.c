/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "ledger/db/migrate.h"
#include "server/cmd/cmd.h"
#include "server/cmd/cmd_database.h"

enum { ERROR_TEXT = 1000 };

static int work(struct co_context *context, struct pg *pg, void *arg)
{
    char error[ERROR_TEXT];
    int from = 0, to = 0;
    (void)arg;
    if (migrate_now(context, pg, &from, &to, error, sizeof error) != PG_OK) {
        fprintf(stderr, "teller: %s\n", error);
        return 1;
    }
    if (from == to)
        printf("schema %d, as it was\n", to);
    else
        printf("schema %d, was %d\n", to, from);
    return 0;
}

int cmd_migrate(int argc, char **argv)
{
    struct option flags[] = {CMD_DATABASE_FLAGS, {NULL, NULL, NULL, NULL}};
    const struct options options = {"teller migrate [flags]",
        "Bring the schema of a database up to date, as its owner, and grant the service its "
        "rights.\n"
        "A server that lives on it goes on; with a migration that it would not bear, this is "
        "refused.",
        flags};
    const char *words[1];
    int code = cmd_database_parse(&options, argc, argv, words, 0);
    if (code >= 0)
        return code;
    return cmd_database_run(&(struct cmd_database){
        .options = &options, .any_schema = true, .with_each = true, .work = work});
}
