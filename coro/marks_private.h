/* SPDX-License-Identifier: MIT */
/*
 * Builds with CORO_DEBUG: how deep the stacks of each entry function's coroutines have been. Memory
 * of a stack that was never used is zero; a stack is wiped back to zero when its coroutine ends.
 */
#ifndef CORO_MARKS_PRIVATE_H
#define CORO_MARKS_PRIVATE_H

#include <stddef.h>

struct co_site;

/* The coroutine of this entry function has ended, and its stack is [bottom, top). Wipes it. */
void co_marks_note(const struct co_site *site, char *bottom, char *top);

/* A line for each entry function, on the descriptor: the most bytes that one used. */
void co_marks_list(int fd);

#endif
