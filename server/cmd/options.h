/* SPDX-License-Identifier: MIT */
/*
 * The options of a command: one table of rows, out of which come the flags, the environment
 * variables (--max-requests is TELLER_MAX_REQUESTS), the keys of a configuration file
 * (max-requests = 100), the help, the manual's list and what a shell completes. The command line
 * wins over the environment, that over the file, and that over the default. A value is checked
 * where it is read; what is wrong with it is said with the place that it came from.
 *
 * --config FILE, or TELLER_CONFIG, names the file, for every command; it may have keys of others.
 */
#ifndef SERVER_CMD_OPTIONS_H
#define SERVER_CMD_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "coro/ensure.h"

struct option {
    const char *name;     /* without the dashes; NULL ends the table */
    const char *argument; /* what it takes (option_rule.h); NULL: nothing, it is on or off */
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

/* Read the file, the environment, and the flags of argv[from] and after; up to `max` words that are
 * none go to words[], which has room for one more, a NULL. Once in a process. May block. */
CO_MUST_CHECK enum options_parsed options_parse(
    const struct options *options, int argc, char **argv, int from, const char **words, int max);

/* From now on options_parse() only calls `flag` with the name of each flag, and returns
 * OPTIONS_HELP; NULL: no more. */
void options_collect(void (*flag)(const char *name, void *arg), void *arg);

const char *options_value(const struct options *options, const char *name);
bool options_is_on(const struct options *options, const char *name);

/* The place among its words of what was given, or is the default. */
int options_choice(const struct options *options, const char *name);

/* The number that was given, or is the default: there is one. */
int64_t options_number(const struct options *options, const char *name);

/* Say on stderr what is wrong with the value, after the place that it came from: "--workers",
 * "TELLER_WORKERS", "teller.toml:3: workers". As printf(), without a line's end. Returns false. */
__attribute__((format(printf, 3, 4))) bool options_wrong(
    const struct options *options, const char *name, const char *format, ...);

#endif
