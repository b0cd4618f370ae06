/* SPDX-License-Identifier: MIT */
/* The service under load: where it listens, and the token that opens it. */
#ifndef LOADTEST_TARGET_H
#define LOADTEST_TARGET_H

#include "coro/ensure.h"

struct target {
    char address[64];    /* in numbers, for co_net_dial(): "127.0.0.1:8080" */
    char authority[128]; /* what stands in the Host header: "127.0.0.1:8080" */
    char token[256];     /* "": send no Authorization */
    char from[64];       /* the address that clients call from: "127.0.0.2:0"; "": any */
};

/*
 * From "http://HOST[:PORT]" (a trailing "/" is allowed) and a token (NULL: none). Looks the host
 * up, so it may block and needs a big stack: call it before the runtime runs, or with
 * co_worker_call() or co_blocking_call(). NULL when all is well, else a static text that says what
 * is wrong.
 */
CO_MUST_CHECK const char *target_make(const char *url, const char *token, struct target *target);

#endif
