/* SPDX-License-Identifier: MIT */
/*
 * The certificate that a service shows, for as long as it runs: read at the start, read again at
 * SIGHUP, and watched, lest it expire with nobody knowing. Its functions park, and may be called by
 * any coroutine.
 */
#ifndef SERVER_CMD_TLS_KEEPER_H
#define SERVER_CMD_TLS_KEEPER_H

#include <stdatomic.h>
#include <stdbool.h>

#include "coro/context.h"
#include "coro/mutex.h"
#include "coro/waitgroup.h"
#include "server/http/http.h"
#include "server/tls/tls_identity.h"

struct tls_keeper {
    struct tls_files files;        /* certificate NULL: TLS is not spoken */
    struct co_mutex lock;          /* over the next two */
    struct tls_identity *identity; /* the newest that was good; NULL: none */
    struct http *http;             /* that is told of it; NULL: none runs */
    _Atomic int64_t *ends_s;       /* where its end is told; NULL: nowhere */
    struct co_context *life;       /* of the watch */
    struct co_waitgroup watching;
};

/* Read the files, if there are any, which keeper->files names, and begin to watch the end; the rest
 * of the keeper is all zero but for ends_s. False with the reason. */
CO_MUST_CHECK bool tls_keeper_begin(struct tls_keeper *keeper, char *error, size_t error_size);
void tls_keeper_end(struct tls_keeper *keeper);

/* From now on `http` gets each new identity; NULL: it is about to stop. */
void tls_keeper_serve(struct tls_keeper *keeper, struct http *http);

/* Read the files again. What is wrong with them is logged, and the old ones go on. `keeper` is a
 * struct tls_keeper. */
void tls_keeper_reload(void *keeper);

#endif
