/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "server/api.h"
#include "server/cmd.h"
#include "server/cmd_database.h"
#include "server/export.h"

struct command {
    const char *ledger;
    const struct export_format *format;
};

static int write_ledger(struct context *context, struct pg *pg, void *arg)
{
    const struct command *command = arg;
    char error[SNAPSHOT_ERROR + 100];
    struct snapshot snapshot;
    int number = cmd_database_ledger(context, pg, command->ledger);
    if (number == 0)
        return 1;
    bool good = snapshot_begin(&snapshot, context, pg, number);
    if (good)
        good = export_run(command->format, &snapshot, command->ledger, stdout, error, sizeof error);
    else
        snprintf(error, sizeof error, "%s", snapshot.error);
    if (!good)
        fprintf(stderr, "teller: %s\n", error);
    snapshot_end(&snapshot);
    return good ? 0 : 1;
}

int cmd_export(int argc, char **argv)
{
    struct option flags[] = {
        {"format", "NAME", "hledger, beancount, ledger, csv or jsonl", NULL},
        {"ledger", "NAME", "which ledger", API_LEDGER},
        CMD_DATABASE_FLAGS,
        {NULL, NULL, NULL, NULL},
    };
    const struct options options = {"teller export --format NAME [flags]",
        "Write a whole ledger to standard output, as it is at one moment, also while a service is\n"
        "running on it. The accounting formats end with the balance of each account, which their\n"
        "programs compare with what they compute.",
        flags};
    const char *words[1], *format;
    int code = cmd_database_parse(&options, argc, argv, words, 0);
    if (code >= 0)
        return code;
    format = options_value(&options, "format");
    struct command command = {
        .ledger = options_value(&options, "ledger"), .format = format ? export_find(format) : NULL};
    if (!command.format) {
        fputs("teller: --format must be hledger, beancount, ledger, csv or jsonl\n", stderr);
        return 2;
    }
    /* A file or socket that is opened later must not become standard output. */
    if (fcntl(STDOUT_FILENO, F_GETFD) < 0) {
        fputs("teller: cannot write: standard output is closed\n", stderr);
        return 1;
    }
    ensure(signal(SIGPIPE, SIG_IGN) != SIG_ERR); /* a closed pipe is an error like any other */
    return cmd_database_run(
        &(struct cmd_database){.options = &options, .work = write_ledger, .arg = &command});
}
