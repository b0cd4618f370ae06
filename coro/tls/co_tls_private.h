/* SPDX-License-Identifier: MIT */
/* What the files of TLS share: a configuration, a connection, and one step of OpenSSL. */
#ifndef CORO_CO_TLS_PRIVATE_H
#define CORO_CO_TLS_PRIVATE_H

#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>

#include "coro/mutex.h"
#include "coro/tls/co_tls.h"

enum {
    CO_TLS_PROTOCOLS_MAX = 256,
    CO_TLS_JOINT = 4096,
    CO_TLS_HOST = 256,
    CO_TLS_SESSIONS = 32,
};

/* Whom a client expects, and where. */
struct co_tls_place {
    char host[CO_TLS_HOST]; /* "": of a server, or too long to be kept */
    uint16_t port;          /* 0: it has none */
};

/* One that can be taken up again, with the place that it began with. */
struct co_tls_session {
    SSL_SESSION *session; /* NULL: none */
    uint64_t order;
    int64_t seen_ns; /* when a certificate was shown: maybe by a session long before this one */
    struct co_tls_place place;
};

struct co_tls_config {
    SSL_CTX *ctx;
    _Atomic int holders; /* whoever made it, and each connection: ctx refers to this memory */
    bool is_server, verifies;
    unsigned protocols_length;
    unsigned char protocols[CO_TLS_PROTOCOLS_MAX]; /* as ALPN has them: each behind its length */
    /* A client's, under the lock; nothing parks, and nothing else is taken, while it is held. */
    pthread_mutex_t lock;
    uint64_t session_count;
    struct co_tls_session sessions[CO_TLS_SESSIONS];
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
    struct co_tls_place place; /* a client's */
    int64_t offered_seen_ns;   /* seen_ns of the session that it offered */
    char joint[CO_TLS_JOINT];  /* small pieces leave together; the writer's */
};

struct co_tls_config *co_tls_config_hold(struct co_tls_config *config);
void co_tls_config_let_go(struct co_tls_config *config);

/* A client's sessions: kept from now on; given back; one of that host, at the port that the
 * connection leads to, offered, if there is one. */
void co_tls_sessions_begin(struct co_tls_config *config);
void co_tls_sessions_end(struct co_tls_config *config);
void co_tls_sessions_offer(struct co_tls *tls, const char *host);

/* The words for the last error of OpenSSL on this thread, which is then forgotten. */
void co_tls_config_words(struct co_stream_why *why, const char *before);

#endif
