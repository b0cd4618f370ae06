/* SPDX-License-Identifier: MIT */
/* Stands between a client and a service, passes bytes on as they come, and cuts a connection off
 * after so many bytes of its answers, once. On the worker that starts it. */
#ifndef TESTS_SERVICE_CUTTER_H
#define TESTS_SERVICE_CUTTER_H

#include <stdbool.h>
#include <stddef.h>

#include "coro/context.h"
#include "coro/waitgroup.h"

struct cutter {
    int listener, port, upstream; /* the port of the service; may be set later */
    struct co_context *life;
    struct co_waitgroup running;
    bool is_armed;
    long after;    /* so many bytes of answers are passed on, all connections together */
    size_t passed; /* bytes of answers, since it was armed */
};

/* False: there is no port. */
CO_MUST_CHECK bool cutter_start(struct cutter *cutter);
void cutter_arm(struct cutter *cutter, long after);
void cutter_stop(struct cutter *cutter); /* cuts all that is left */

#endif
