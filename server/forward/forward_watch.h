/* SPDX-License-Identifier: MIT */
/* What waits for another server ends when that one does, or says nothing for too long: a server
 * that hangs keeps its connections open, as does a way that is cut, so it is looked now and then.
 */
#ifndef SERVER_FORWARD_FORWARD_WATCH_H
#define SERVER_FORWARD_FORWARD_WATCH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "coro/context.h"
#include "coro/duty.h"
#include "coro/ensure.h"
#include "coro/lock.h"

/* Whoever waits; lies in its memory. */
struct forward_waiter {
    struct forward_waiter *next, **previous;
    struct co_context *context; /* what it waits with: is cancelled when the server is gone, */
    uint64_t server;
    bool only_reads;          /* or is silent, */
    _Atomic int64_t until_ns; /* or at that time (co_clock_now_ns()); 0: no time is set */
};

struct forward_watch {
    bool (*is_gone)(void *arg, uint64_t server), (*is_silent)(void *arg, uint64_t server);
    void *arg; /* forward.h */
    struct co_duty looking;
    struct co_lock lock; /* guards what follows; before those of contexts, and the above's */
    struct forward_waiter *first;
};

/* The first three are set. False: memory is short. Never parks. */
CO_MUST_CHECK bool forward_watch_begin(struct forward_watch *watch);
void forward_watch_end(struct forward_watch *watch); /* nobody waits; parks */

/* Never park. */
void forward_watch_add(struct forward_watch *watch, struct forward_waiter *waiter);
void forward_watch_remove(struct forward_watch *watch, struct forward_waiter *waiter);

#endif
