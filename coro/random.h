/* SPDX-License-Identifier: MIT */
/* Random choices of the runtime, each worker with its own state. Not for secrets. */
#ifndef CORO_RANDOM_H
#define CORO_RANDOM_H

#include <stdint.h>

#include "coro/language.h"

CO_C_BEGIN

uint64_t co_random_next(void);

/* The same from a state of the caller's own. */
uint64_t co_random_of(uint64_t *state);

/* Evenly one of 0..n-1; n > 0. */
uint32_t co_random_below(uint32_t n);

CO_C_END

#endif
