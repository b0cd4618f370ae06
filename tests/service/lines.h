/* SPDX-License-Identifier: MIT */
/* Lines of bash that run the program, and tables of what comes of them. */
#ifndef TESTS_SERVICE_LINES_H
#define TESTS_SERVICE_LINES_H

#include "tests/service/command.h"

/* A line of bash in which $teller is the program, ended after a minute, and $dir an empty folder,
 * gone afterwards. */
void lines_run(struct command *command, const char *line);

struct lines_row {
    int exit_code;
    const char *said; /* on stderr, besides other things */
    const char *line;
};

/* Run each, and assert what it says. */
void lines_try(const struct lines_row *rows, size_t count);

#endif
