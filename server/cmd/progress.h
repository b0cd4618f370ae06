/* SPDX-License-Identifier: MIT */
/*
 * How far long work has come: one line at the terminal of whoever waits, on stderr, which is gone
 * when the work is done. Where stderr is no terminal nothing is said. For one thread at a time.
 */
#ifndef SERVER_CMD_PROGRESS_H
#define SERVER_CMD_PROGRESS_H

#include <stddef.h>
#include <stdint.h>

/* What is being done now: "copying the database". */
void progress_say(const char *what);

/* So many of `total` (0: nobody knows) `what`, "entries". Not more often than anybody can read. */
void progress_count(uint64_t count, uint64_t total, const char *what);

/* The same of work that writes its result to stdout meanwhile: nothing is said if that is a
 * terminal, too. */
void progress_count_beside(uint64_t count, uint64_t total, const char *what);

/* Take the line away. Before anything else is said; harmless if there is none. */
void progress_end(void);

#endif
