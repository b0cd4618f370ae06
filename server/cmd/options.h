/* SPDX-License-Identifier: MIT */
/* Flags on the command line, each of which is an environment variable too: --max-requests is
 * TELLER_MAX_REQUESTS. The command line wins. */
#ifndef SERVER_CMD_OPTIONS_H
#define SERVER_CMD_OPTIONS_H

#include <stdint.h>

#include "coro/ensure.h"

struct option {
    const char *name;     /* without the dashes; NULL ends the table */
    const char *argument; /* what its value is called in the help; NULL: it takes none */
    const char *help;
    const char *value; /* in: the default, or NULL; out: what was given ("on" without argument) */
};

struct options {
    const char *usage; /* "teller serve [flags]" */
    const char *about; /* a sentence or two */
    struct option *flags;
};

enum options_parsed {
    OPTIONS_GOOD,
    OPTIONS_HELP, /* help was asked for and printed: exit 0 */
    OPTIONS_BAD,  /* said on stderr: exit 2 */
};

/* Read the flags of argv[from] and after; up to `max` words that are none go to words[], which
 * has room for one more, a NULL. */
CO_MUST_CHECK enum options_parsed options_parse(
    const struct options *options, int argc, char **argv, int from, const char **words, int max);

/* From now on options_parse() only calls `flag` with the name of each flag, and returns
 * OPTIONS_HELP; NULL: no more. */
void options_collect(void (*flag)(const char *name, void *arg), void *arg);

const char *options_value(const struct options *options, const char *name);

/* Which of the words (a NULL ends them) the value is; on failure it says so on stderr and returns
 * -1.
 */
CO_MUST_CHECK int options_choice(
    const struct options *options, const char *name, const char *const *words);

/* The value as a whole number from low to high; on failure it says so on stderr and returns -1. */
CO_MUST_CHECK int64_t options_number(
    const struct options *options, const char *name, int64_t low, int64_t high);

#endif
