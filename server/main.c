/* SPDX-License-Identifier: MIT */
#include <malloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "ledger/domain/hash.h"
#include "server/client/commands.h"
#include "server/cmd/cmd.h"
#include "server/cmd/confined.h"
#include "server/cmd/environment.h"
#include "server/cmd/notice_sink.h"
#include "server/cmd/options.h"

static const struct {
    const char *name, *about;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"serve", "run the service", cmd_serve},
    {"transfer", "move money between accounts", cmd_transfer},
    {"deposit", "take money in", cmd_deposit},
    {"withdraw", "pay money out", cmd_withdraw},
    {"hold", "put money aside, capture or release it", cmd_hold},
    {"resume", "go on with payments that have no outcome", cmd_resume},
    {"balance", "show what an account has", cmd_balance},
    {"statement", "list the entries of an account", cmd_statement},
    {"accounts", "list the accounts, or open one", cmd_accounts},
    {"tail", "show the journal as it grows", cmd_tail},
    {"token", "create, list and revoke access tokens", cmd_token},
    {"audit", "replay the journal and check every invariant", cmd_audit},
    {"migrate", "bring the schema of a database up to date", cmd_migrate},
    {"backup", "back the private database up, while it serves", cmd_backup},
    {"restore", "make a data folder of a backup", cmd_restore},
    {"verify", "check a backup, its files and its books", cmd_verify},
    {"export", "write a whole ledger for other programs", cmd_export},
    {"lab", "see shared state go wrong, and what holds", cmd_lab},
};

enum { COMMANDS = sizeof commands / sizeof commands[0] };

static void print_help(FILE *to)
{
    fputs("usage: teller COMMAND [flags]\n\nA double-entry bank ledger over HTTP.\n\n", to);
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(to, "  %-9s %s\n", commands[i].name, commands[i].about);
    fputs("\nteller COMMAND --help tells more, teller --version which version this is.\n", to);
}

/* Have each command parse its flags, which are told to `flag` meanwhile. */
static void each_flag(void (*flag)(const char *name, void *arg), void *arg)
{
    options_collect(flag, arg);
    for (size_t i = 0; i < COMMANDS; i++) {
        char *argv[] = {(char[]){"teller"}, (char[]){"-"}, NULL};
        (void)commands[i].run(2, argv);
    }
    options_collect(NULL, NULL);
}

int main(int argc, char **argv)
{
    /* What is large goes back to the system when it is freed; by itself glibc keeps ever more. */
    (void)mallopt(M_MMAP_THRESHOLD, 1 << 20);
    (void)mallopt(M_TRIM_THRESHOLD, 16 << 20);
    hash_init(); /* it may ask a device for chance, which a confined child has not */
    int confined = confined_begin(&argc, &argv);
    if (confined != 0)
        return confined;
    notice_sink_terminal(); /* those of a service go into its log (cmd_serve.c) */
    environment_commands(each_flag);
    for (size_t i = 0; argc > 1 && i < COMMANDS; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc, argv);
    if (argc > 1 && strcmp(argv[1], "--version") == 0)
        return puts("teller " TELLER_VERSION) == EOF || fflush(stdout) != 0;
    bool help = argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
                                strcmp(argv[1], "help") == 0);
    if (argc > 1 && !help)
        fprintf(stderr, "teller: unknown command %s\n", argv[1]);
    print_help(help ? stdout : stderr);
    return help ? 0 : 2;
}
