/* SPDX-License-Identifier: MIT */
/*
 * Descriptor readiness for coroutines: the coroutine parks, the thread does not. One coroutine at
 * a time may wait for a descriptor. One-shot underneath, so whatever was left unread is seen again
 * (libpq reads once for each readiness).
 */
#ifndef CORO_POLLER_H
#define CORO_POLLER_H

#include "coro/context.h"
#include "coro/language.h"

CORO_C_BEGIN

enum poller_events { POLLER_READ = 1, POLLER_WRITE = 2 };

enum poller_status {
    POLLER_READY,     /* at least one of the events, or an error condition that a call will tell */
    POLLER_CANCELLED, /* the context ended first: see context_err() */
    POLLER_FAILED,    /* the descriptor cannot be waited for; errno says why */
};

/* Park until the descriptor is ready for one of the events, or the context ends. */
MUST_CHECK enum poller_status poller_wait(struct context *context, int fd, unsigned events);

/* Call before close(fd) when poller_wait() was ever used with it. */
void poller_forget(int fd);

CORO_C_END

#endif
