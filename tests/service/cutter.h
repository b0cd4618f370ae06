/* SPDX-License-Identifier: MIT */
/* Stands between a client and a service, passes bytes on as they come, and cuts a connection off
 * after so many bytes of its answers, or of its requests, once. On the worker that starts it. */
#ifndef TESTS_SERVICE_CUTTER_H
#define TESTS_SERVICE_CUTTER_H

#include <stdbool.h>
#include <stddef.h>

#include "coro/context.h"
#include "coro/waitgroup.h"

struct cutter {
    int listener, port, upstream;    /* the port of the service; may be set later */
    struct co_context *life, *links; /* of all of it; of the connections that there are */
    struct co_waitgroup running, linked;
    bool is_armed, cuts_requests; /* else answers */
    long after;    /* so many bytes of them are passed on, all connections together */
    size_t passed; /* of those bytes, since it was armed */
};

/* False: there is no port. */
CO_MUST_CHECK bool cutter_start(struct cutter *cutter);
void cutter_arm(struct cutter *cutter, long after);          /* after so much of answers, */
void cutter_arm_requests(struct cutter *cutter, long after); /* or of requests */

/* Cut all connections that there are now. Parks until that is done. */
void cutter_drop(struct cutter *cutter);
void cutter_stop(struct cutter *cutter); /* cuts all that is left */

#endif
