/* SPDX-License-Identifier: MIT */
/*
 * A place where n coroutines wait for each other. It is ready for the next round as soon as the
 * last has come.
 */
#ifndef LOADTEST_GATE_H
#define LOADTEST_GATE_H

#include <stddef.h>

#include "coro/ensure.h"

struct gate;

CO_MUST_CHECK struct gate *gate_make(size_t n); /* n > 0; NULL when memory is short */

/* Give the memory back and null the caller's pointer. Nobody may be waiting. */
void gate_free(struct gate **gate);

/* Park until n coroutines are here; all of them go on then. */
void gate_pass(struct gate *gate);

#endif
