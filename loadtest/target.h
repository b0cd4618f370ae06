/* SPDX-License-Identifier: MIT */
/* The service under load: where it listens, and the token that opens it. */
#ifndef LOADTEST_TARGET_H
#define LOADTEST_TARGET_H

#include <stdbool.h>

#include "coro/ensure.h"
#include "coro/tls/co_tls.h"

struct target {
    char address[64];          /* in numbers, for co_net_dial(): "127.0.0.1:8080" */
    char authority[128];       /* what stands in the Host header: "127.0.0.1:8080" */
    char token[256];           /* "": send no Authorization */
    char from[64];             /* the address that clients call from: "127.0.0.2:0"; "": any */
    bool is_secret;            /* https:// */
    struct co_tls_config *tls; /* whom it trusts; NULL: not asked yet, and nobody can connect */
};

/*
 * From "http://HOST[:PORT]", or https (a trailing "/" is allowed) and a token (NULL: none). Looks
 * the host up, so it may block and needs a big stack: call it before the runtime runs, or with
 * co_worker_call() or co_blocking_call(). NULL when all is well, else a static text that says what
 * is wrong.
 */
CO_MUST_CHECK const char *target_make(const char *url, const char *token, struct target *target);

/* For https: whose certificates are good, and what this side shows. Reads files: as target_make().
 * False with the reason. Copies of a target share it; the owner gives it back once, at the end. */
CO_MUST_CHECK bool target_trust(
    struct target *target, const struct co_tls_client_options *options, struct co_stream_why *why);
void target_forget(struct target *target);

#endif
