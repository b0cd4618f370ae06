/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "server/api/api.h"
#include "server/cmd/cmd.h"
#include "server/cmd/cmd_database.h"
#include "server/cmd/progress.h"
#include "server/export/export.h"
#include "server/export/export_types.h"
#include "server/text/time_text.h"

struct command {
    const struct export_format *format;
    struct export_options options;
    int64_t to_us;
};

static void tell(uint64_t done, uint64_t all)
{
    progress_count_beside(done, all, "entries");
}

static int write_ledger(struct co_context *context, struct pg *pg, void *arg)
{
    const struct command *command = arg;
    char error[SNAPSHOT_ERROR + 100];
    struct snapshot snapshot;
    int number = cmd_database_ledger(context, pg, command->options.ledger);
    if (number == 0)
        return 1;
    /* One snapshot: all that is written is of the same moment. */
    bool good = snapshot_begin(&snapshot, context, pg, number) &&
                snapshot_narrow(&snapshot, command->options.from_us, command->to_us);
    if (good)
        good =
            export_run(command->format, &snapshot, &command->options, stdout, error, sizeof error);
    else
        snprintf(error, sizeof error, "%s", snapshot.error);
    progress_end();
    if (!good)
        fprintf(stderr, "teller: %s\n", error);
    snapshot_end(&snapshot);
    return good ? 0 : 1;
}

/* A day, or a moment; left alone if it was not given. False: it is neither, and said so. */
static bool read_moment(const struct options *options, const char *name, int64_t *at_us)
{
    enum { DAY = 10 };
    char whole[DAY + sizeof "T00:00:00Z"];
    const char *given = options_value(options, name);
    if (!given)
        return true;
    if (strlen(given) == DAY)
        snprintf(whole, sizeof whole, "%sT00:00:00Z", given);
    if (time_read(strlen(given) == DAY ? whole : given, at_us))
        return true;
    fprintf(stderr, "teller: --%s must be a day or a time in UTC: 2026-11-21%s\n", name,
        ", 2026-11-21T09:00:00Z");
    return false;
}

int cmd_export(int argc, char **argv)
{
    struct option flags[] = {
        {"format", "hledger|beancount|ledger|csv|jsonl", "for which program", NULL},
        {"ledger", "NAME", "which ledger", API_LEDGER},
        {"from", "TIME", "from this day or moment (UTC) on; what was before is opening balances",
            NULL},
        {"to", "TIME", "up to this day or moment, which is not part of it", NULL},
        {"types", "LIST", "the types of accounts, by the beginnings of their ids", ""},
        CMD_DATABASE_FLAGS,
        {NULL, NULL, NULL, NULL},
    };
    const struct options options = {"teller export --format NAME [flags]",
        "Write a whole ledger to standard output, as it is at one moment, also while a service is\n"
        "running on it. The accounting formats end with the balance of each account, which their\n"
        "programs compare with what they compute. For balance sheets and income statements each\n"
        "account has a type: asset; revenue for world accounts; else what --types says, as\n"
        "\"customer:=liability,fees:=revenue\" (asset, liability, equity, revenue, expense).\n"
        "A payee and a note (description, narration) of an entry's metadata are its description.",
        flags};
    const char *words[1], *format;
    int code = cmd_database_parse(&options, argc, argv, words, 0);
    if (code >= 0)
        return code;
    format = options_value(&options, "format");
    struct command command = {.format = format ? export_find(format) : NULL,
        .options = {.ledger = options_value(&options, "ledger"),
            .types = options_value(&options, "types"),
            .told = tell},
        .to_us = INT64_MAX};
    if (!command.format) {
        fputs("teller: --format must be hledger, beancount, ledger, csv or jsonl\n", stderr);
        return 2;
    }
    if (!export_types_are_valid(command.options.types)) {
        fputs("teller: --types must be a list such as customer:=liability,fees:=revenue\n", stderr);
        return 2;
    }
    if (!read_moment(&options, "from", &command.options.from_us) ||
        !read_moment(&options, "to", &command.to_us))
        return 2;
    /* A file or socket that is opened later must not become standard output. */
    if (fcntl(STDOUT_FILENO, F_GETFD) < 0) {
        fputs("teller: cannot write: standard output is closed\n", stderr);
        return 1;
    }
    co_ensure(signal(SIGPIPE, SIG_IGN) != SIG_ERR); /* a closed pipe is an error like any other */
    return cmd_database_run(&(struct cmd_database){.options = &options,
        .ledger = command.options.ledger,
        .work = write_ledger,
        .arg = &command});
}
