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

CO_C_BEGIN

enum co_poller_events { CO_POLLER_READ = 1, CO_POLLER_WRITE = 2 };

enum co_poller_status {
    CO_POLLER_READY, /* at least one of the events, or an error condition that a call will tell */
    CO_POLLER_CANCELLED, /* the context ended first: see co_context_err() */
    CO_POLLER_FAILED,    /* the descriptor cannot be waited for; errno says why */
};

/* Park until the descriptor is ready for one of the events, or the context ends. */
CO_MUST_CHECK enum co_poller_status co_poller_wait(
    struct co_context *context, int fd, unsigned events);

/* Call before close(fd) when co_poller_wait() was ever used with it. */
void co_poller_forget(int fd);

CO_C_END

#endif
