/* SPDX-License-Identifier: MIT */
/* A local web server that takes its time over every page: fetch.c and fetch_timeout.c ask it. */
#ifndef CORO_EXAMPLES_SLOW_SERVER_H
#define CORO_EXAMPLES_SLOW_SERVER_H

#include <stdint.h>

#include "coro/context.h"
#include "coro/waitgroup.h"

struct slow_server {
    char url[40];     /* of a page: 127.0.0.1 and a free port */
    int64_t delay_ns; /* before each answer */
    int fd;
    struct co_context *context;
    struct co_waitgroup busy;
};

/* All zero but the delay. */
void slow_server_start(struct slow_server *server);

/* Parks until no request is in work. */
void slow_server_stop(struct slow_server *server);

#endif
