/* SPDX-License-Identifier: MIT */
/* Run a program to its end and have what it writes: for small ones, that end soon. */
#ifndef SERVER_PROCESS_PROCESS_OUTPUT_H
#define SERVER_PROCESS_PROCESS_OUTPUT_H

#include <stddef.h>

#include "coro/context.h"

enum process_output {
    PROCESS_OUTPUT_ENDED,  /* see its wait status */
    PROCESS_OUTPUT_LATE,   /* the context ended first: it was killed, with its process group */
    PROCESS_OUTPUT_FAILED, /* it could not be started: errno */
};

/*
 * Park until it has ended. What it wrote to stdout and stderr is in text[size], as much of it as
 * there is room for, with an end; it is given nothing to read. Our environment is its own. What it
 * starts and leaves behind must have closed both, for their end is waited for, too.
 */
CO_MUST_CHECK enum process_output process_output(
    struct co_context *context, const char *const argv[], char *text, size_t size, int *status);

#endif
