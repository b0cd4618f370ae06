/* SPDX-License-Identifier: MIT */
/*
 * How often each of many may do something: a token bucket each, that holds a second's worth. Kept
 * as the one moment at which the bucket will be full again (GCRA, ITU-T I.371): one that is full
 * needs no memory, so there is a fixed number of places, and only those who have just asked have
 * one. Of more than fit, those that are nearest to full are forgotten. Any worker, without a lock.
 */
#ifndef SERVER_HTTP_RATE_H
#define SERVER_HTTP_RATE_H

#include <stdbool.h>
#include <stdint.h>

#include "coro/ensure.h"

enum { RATE_KEY = 16 };

struct rate;

/* NULL: memory is short. */
CO_MUST_CHECK struct rate *rate_make(void);
void rate_free(struct rate **rate);

/* Once more, at a time that does not fall (co_clock_now_ns()): `a_second`, at least 1, may be in a
 * second. False: that would be too often, and it is not counted. */
CO_MUST_CHECK bool rate_take(
    struct rate *rate, const uint8_t key[RATE_KEY], uint32_t a_second, int64_t now_ns);

#endif
