/* SPDX-License-Identifier: MIT */
/*
 * What the commands share that do something with the database and end: the flags that say which
 * database it is, and the way to a connection.
 */
#ifndef SERVER_CMD_CMD_DATABASE_H
#define SERVER_CMD_CMD_DATABASE_H

#include "coro/context.h"
#include "ledger/bank/database_list.h"
#include "ledger/db/pg.h"
#include "server/cmd/options.h"

/* Rows for the command's table of flags. */
#define CMD_DATABASE_FLAGS                                                                         \
    {"data", "DIR", "the data folder", "var"},                                                     \
        {"database", "URL...", "the PostgreSQL server, if not the private one; as serve has it",   \
            NULL},                                                                                 \
    {                                                                                              \
        "postgres-bin", "DIR", "where initdb and postgres are", NULL                               \
    }

/* options_parse() from argv[2] on: -1, or the exit code if there is nothing more to do. */
CO_MUST_CHECK int cmd_database_parse(
    const struct options *options, int argc, char **argv, const char **words, int max);

struct cmd_database {
    const struct options *options; /* parsed */
    int64_t limit_ns;              /* for all of it; 0: as long as it takes */
    bool any_schema;               /* else it must be one that this program works with */
    /* Of several databases: once with each, whatever came of those before; or with the one that has
     * the ledger of that name; else with the first. */
    bool with_each;
    const char *ledger;                                                /* NULL: none */
    int (*work)(struct co_context *context, struct pg *pg, void *arg); /* the exit code */
    void *arg;
};

/* Run work() as the first coroutine, with a connection; the exit code, which is 1 with the reason
 * on stderr if there is none; with each, the worst. Where there are several, what is printed of one
 * begins with its name. */
CO_MUST_CHECK int cmd_database_run(const struct cmd_database *command);

/* Of the command that runs: the databases that it was given, and which of them work() has now. An
 * empty list: the private one. */
const struct database_list *cmd_database_list(size_t *index);

/* The number of a ledger; 0, with the reason on stderr: there is none of that name. Parks. */
CO_MUST_CHECK int cmd_database_ledger(struct co_context *context, struct pg *pg, const char *name);

#endif
