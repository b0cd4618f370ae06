/* SPDX-License-Identifier: MIT */
/*
 * The way to the end of a service: on SIGTERM, SIGINT or SIGHUP, unless that makes it read
 * something again, it says that it is stopping, a
 * little later, when whoever sends it requests has had the time to see that, `life` ends, and all
 * that was accepted is brought to its end in order. A second signal, or the limit, ends the process
 * immediately; the journal makes that safe.
 */
#ifndef SERVER_CMD_STOP_H
#define SERVER_CMD_STOP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "coro/context.h"
#include "coro/waitgroup.h"

enum { STOP_CUT_OFF = 3 }; /* the exit code when the limit has passed */

struct stop {
    int64_t delay_ns;          /* from the signal to the end of `life` */
    int64_t limit_ns;          /* from there on, for all the rest */
    _Atomic bool *stopping;    /* set when the signal comes */
    void (*reload)(void *arg); /* what SIGHUP asks for; it may park. NULL: it means the end */
    void *reload_arg;
    struct co_context *life; /* ends when the service shall stop */
    struct co_context *watch;
    struct co_waitgroup watching;
};

/* Begin to watch; what stands above `life` is filled in. Signals are blocked. */
void stop_begin(struct stop *stop);

/* It has come to its end: watch no more. Parks. */
void stop_end(struct stop *stop);

#endif
