/* SPDX-License-Identifier: MIT */
/* A test runs inside of a runtime, and there is one at a time: what starts runs of its own does so
 * in a process of its own, this program again with --child WHICH. */
#ifndef TESTS_LAB_CHILD_H
#define TESTS_LAB_CHILD_H

#include <stddef.h>

/* What it printed, ended, into text[size]; its exit code, or -1. Blocks. */
int child_run(const char *which, char *text, size_t size);

/* The same of another program, by the shell. */
int child_shell(const char *command, char *text, size_t size);

#endif
