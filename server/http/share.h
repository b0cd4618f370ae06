/* SPDX-License-Identifier: MIT */
/*
 * A bounded part of a worker's time, for work that there can be any amount of: a coroutine that
 * wants some of it takes a turn, first come, first served, and when the part is used up, turns come
 * later. What has no bound of its own cannot push aside what must be quick. While nothing that must
 * be quick comes (share_press()), the part is a larger one.
 *
 * Only coroutines of one worker use a share, and none parks within its turn.
 */
#ifndef SERVER_HTTP_SHARE_H
#define SERVER_HTTP_SHARE_H

#include <stdbool.h>
#include <stdint.h>

#include "coro/co.h"
#include "coro/timer.h"

struct share_waiter {
    struct share_waiter *next;
    struct co *co;
};

struct share {
    int64_t per_mille;          /* of the time that passes, */
    int64_t alone_per_mille;    /* and of that in which nothing else comes */
    int64_t pressed_ns;         /* when something else came last */
    int64_t credit_ns;          /* to be used; below 0: it was used in advance */
    int64_t counted_ns;         /* co_clock_now_ns() up to which time has been credited */
    struct share_waiter *first; /* parked in share_begin(), */
    struct share_waiter **last; /* in order */
    struct co_timer timer;      /* while somebody waits for credit */
    bool timer_started;
    uint64_t used_ns; /* in all */
};

void share_init(struct share *share, int percent, int alone_percent);
void share_end_all(struct share *share); /* nobody has a turn or waits for one */

/* Something else came, now or just before. */
void share_press(struct share *share, int64_t now_ns);

/* Begin a turn: parks until there is credit. Returns the time, for share_end(). */
CO_MUST_CHECK int64_t share_begin(struct share *share);

/* End it: what has passed is charged. */
void share_end(struct share *share, int64_t since_ns);

#endif
