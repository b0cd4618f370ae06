/* SPDX-License-Identifier: MIT */
/*
 * A second program on the database of a first one. While the first serves it stands by: its start
 * ends when it takes over, whenever that is, so it is started beside the test.
 */
#ifndef TESTS_SERVICE_STANDBY_H
#define TESTS_SERVICE_STANDBY_H

#include <stdatomic.h>

#include "coro/waitgroup.h"
#include "tests/service/service.h"

enum { STANDBY_URL = 400 };

struct standby {
    struct service service;
    struct co_waitgroup running;
    _Atomic bool up, over; /* its start has ended; up: well */
    _Atomic int64_t up_ns; /* when */
};

/* A database that outlives the programs which use it, and its URL: that of `host`, which is started
 * to lend its PostgreSQL; or, if it is set, one that standby_lend() makes, and `host` is none. */
extern void (*standby_lend)(char url[STANDBY_URL]);
CO_MUST_CHECK bool standby_host(struct service *host, const char *strategy, char url[STANDBY_URL]);

/* A program with a folder and a port of its own that will use the database at `url`, which outlives
 * it; not started. For the first of the two. */
void standby_prepare(struct service *service, const char *strategy, const char *url);

/* The same, and it speaks TLS (secret.h), as the second will. */
void standby_prepare_secret(struct service *service, const char *strategy, const char *url);

/* The same for the second, once the first runs: it has the first one's token, and its target can
 * be used from now on. */
void standby_make(struct standby *standby, const struct service *first, const char *url);

void standby_start(struct standby *standby);

/* Park until its start has ended. False: not well. */
CO_MUST_CHECK bool standby_await(struct standby *standby);

/* Does it stand by as it should? It lives, is not ready, and tells figures; else the test fails. */
void standby_look(const struct standby *standby);

#endif
