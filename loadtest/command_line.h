/* SPDX-License-Identifier: MIT */
/* The command line of teller-load. */
#ifndef LOADTEST_COMMAND_LINE_H
#define LOADTEST_COMMAND_LINE_H

#include <stdbool.h>
#include <stdio.h>

#include "coro/ensure.h"

struct load_options;
struct scenario;

/*
 * Read argv[2..] for a scenario over its defaults. False: what was wrong stands on stderr. With
 * --help it is true and `help` is set; nothing else is checked then.
 */
CO_MUST_CHECK bool command_line_read(
    const struct scenario *scenario, int argc, char **argv, struct load_options *options);

/* The options of a scenario, with their defaults, a line each. */
void command_line_print(FILE *out, const struct scenario *scenario);

#endif
