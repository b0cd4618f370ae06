/* SPDX-License-Identifier: MIT */
/* What waits for another server ends when that one does: a server that hangs keeps its connections
 * open, so it is looked, now and then, whether it still lives. */
#ifndef SERVER_FORWARD_FORWARD_WATCH_H
#define SERVER_FORWARD_FORWARD_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coro/context.h"
#include "coro/duty.h"
#include "coro/ensure.h"
#include "coro/lock.h"

/* Whoever waits; lies in its memory. */
struct forward_waiter {
    struct forward_waiter *next, **previous;
    struct co_context *context; /* what it waits with: is cancelled when the server is gone */
    uint64_t server;
};

enum { FORWARD_SERVERS = 256 };

struct forward_watch {
    size_t (*living)(void *arg, uint64_t servers[FORWARD_SERVERS]); /* forward.h */
    void *arg;
    struct co_duty looking;
    struct co_lock lock; /* guards what follows; taken before those of contexts */
    struct forward_waiter *first;
};

/* `living` and `arg` are set. False: memory is short. Never parks. */
CO_MUST_CHECK bool forward_watch_begin(struct forward_watch *watch);
void forward_watch_end(struct forward_watch *watch); /* nobody waits; parks */

/* Never park. */
void forward_watch_add(struct forward_watch *watch, struct forward_waiter *waiter);
void forward_watch_remove(struct forward_watch *watch, struct forward_waiter *waiter);

#endif
