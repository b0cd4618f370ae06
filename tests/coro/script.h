/* SPDX-License-Identifier: MIT */
/* An HTTP server that says what a test has written down, byte for byte. */
#ifndef TESTS_CORO_SCRIPT_H
#define TESTS_CORO_SCRIPT_H

#include <stdbool.h>

#include "coro/context.h"
#include "coro/mutex.h"
#include "coro/tls/co_tls.h"
#include "coro/waitgroup.h"

/* What the server does when a request's head has come. */
struct turn {
    const char *says; /* NULL: nothing, and it closes */
    enum { KEEP, CLOSE, RESET } then;
    bool in_bytes; /* each byte on its own */
};

enum { SCRIPT_HEARD = 2000 };

struct script {
    const struct turn *turns; /* one a request, over all connections */
    _Atomic int requests, connections, closed;
    struct co_mutex mutex;
    char heard[SCRIPT_HEARD]; /* the last request; under mutex */
    int listener;
    char url[60];
    struct co_context *context;
    struct co_waitgroup serving;
    struct co_tls_config *tls; /* NULL: plain */
};

/* Listen at that address and answer request after request. All zero before, but for `tls`. */
void script_start(struct script *script, const char *at, const struct turn *turns);

/* Parks until it has closed that many connections. */
void script_await_closed(struct script *script, int closed);

/* The last request. */
void script_heard(struct script *script, char heard[SCRIPT_HEARD]);

/* Parks until no connection is open. */
void script_stop(struct script *script);

#endif
