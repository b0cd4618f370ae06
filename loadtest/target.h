/* SPDX-License-Identifier: MIT */
/* The service under load: where it listens, and the token that opens it. */
#ifndef LOADTEST_TARGET_H
#define LOADTEST_TARGET_H

#include <sys/socket.h>

#include "coro/ensure.h"

struct target {
    struct sockaddr_storage address;
    socklen_t address_length;
    char authority[128]; /* what stands in the Host header: "127.0.0.1:8080" */
    char token[256];     /* "": send no Authorization */
    /* The address that clients call from, with any port; family 0: the system's choice. As long as
     * `address`. */
    struct sockaddr_storage from;
};

/*
 * From "http://HOST[:PORT]" (a trailing "/" is allowed) and a token (NULL: none). Looks the host
 * up, so it may block and needs a big stack: call it before the runtime runs, or with
 * co_worker_call() or co_blocking_call(). NULL when all is well, else a static text that says what
 * is wrong.
 */
CO_MUST_CHECK const char *target_make(const char *url, const char *token, struct target *target);

#endif
