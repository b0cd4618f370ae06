/* SPDX-License-Identifier: MIT */
/* What the files of TLS share: a configuration, a connection, and one step of OpenSSL. */
#ifndef CORO_CO_TLS_PRIVATE_H
#define CORO_CO_TLS_PRIVATE_H

#include <openssl/ssl.h>
#include <stdatomic.h>

#include "coro/mutex.h"
#include "coro/tls/co_tls.h"

enum { CO_TLS_PROTOCOLS_MAX = 256, CO_TLS_JOINT = 4096 };

struct co_tls_config {
    SSL_CTX *ctx;
    _Atomic int holders; /* whoever made it, and each connection: ctx refers to this memory */
    bool is_server, verifies;
    unsigned protocols_length;
    unsigned char protocols[CO_TLS_PROTOCOLS_MAX]; /* as ALPN has them: each behind its length */
};

struct co_tls {
    struct co_tls_config *config;
    SSL *ssl;
    int fd;
    int write_fd;               /* the same once more, for a writer that waits; -1: none has yet */
    struct co_mutex turn;       /* for calls of OpenSSL, which never wait */
    bool at_end;                /* the descriptor has nothing more to read; under turn */
    _Atomic bool broken, ended; /* no farewell can be sent any more */
    char protocol[CO_TLS_PROTOCOLS_MAX];
    char joint[CO_TLS_JOINT]; /* small pieces leave together; the writer's */
};

struct co_tls_config *co_tls_config_hold(struct co_tls_config *config);
void co_tls_config_let_go(struct co_tls_config *config);

/* The words for the last error of OpenSSL on this thread, which is then forgotten. */
void co_tls_config_words(struct co_stream_why *why, const char *before);

#endif
