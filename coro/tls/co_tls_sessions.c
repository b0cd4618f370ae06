/* SPDX-License-Identifier: MIT */
/*
 * What a client keeps to take sessions up again: for each place the last few, newest first in use.
 * A session is offered to the host and port that it began with and to no other, as whoever takes it
 * up again is not asked for a certificate. One of TLS 1.3 is used once, so that nobody can tell by
 * it that two connections are of one client; it brings the next, which is as old as the certificate
 * that was shown last.
 */
#include <netinet/in.h>
#include <openssl/err.h>
#include <string.h>
#include <sys/socket.h>

#include "coro/clock.h"
#include "coro/tls/co_tls_private.h"

/* A certificate is looked at again after so long, whatever the server says. */
static const int64_t kept_ns = 3600 * CO_CLOCK_S;

static void drop(struct co_tls_session *kept)
{
    SSL_SESSION_free(kept->session);
    *kept = (struct co_tls_session){0};
}

/* A free place; else the oldest. The lock is held. */
static struct co_tls_session *place(struct co_tls_config *config)
{
    struct co_tls_session *oldest = &config->sessions[0];
    for (size_t i = 0; i < CO_TLS_SESSIONS; i++) {
        struct co_tls_session *kept = &config->sessions[i];
        if (!kept->session)
            return kept;
        if (kept->order < oldest->order)
            oldest = kept;
    }
    drop(oldest);
    return oldest;
}

/* 1: it is ours now. */
static int came(SSL *ssl, SSL_SESSION *session)
{
    const struct co_tls *tls = SSL_get_app_data(ssl);
    struct co_tls_config *config = tls->config;
    if (!tls->place.host[0] || !SSL_SESSION_is_resumable(session))
        return 0;
    pthread_mutex_lock(&config->lock);
    struct co_tls_session *kept = place(config);
    kept->session = session;
    kept->order = ++config->session_count;
    kept->seen_ns = SSL_session_reused(ssl) ? tls->offered_seen_ns : co_clock_boot_ns();
    kept->place = tls->place;
    pthread_mutex_unlock(&config->lock);
    return 1;
}

static bool is_old(const struct co_tls_session *kept)
{
    return co_clock_boot_ns() - kept->seen_ns >= kept_ns;
}

static bool is_same(const struct co_tls_place *place, const struct co_tls_place *other)
{
    return place->port == other->port && strcmp(place->host, other->host) == 0;
}

/* The newest of the connection's place, which the caller has then; NULL: none. The lock is held. */
static SSL_SESSION *take(struct co_tls_config *config, struct co_tls *tls)
{
    struct co_tls_session *newest = NULL;
    for (size_t i = 0; i < CO_TLS_SESSIONS; i++) {
        struct co_tls_session *kept = &config->sessions[i];
        if (kept->session && is_old(kept))
            drop(kept);
        if (kept->session && is_same(&kept->place, &tls->place) &&
            (!newest || kept->order > newest->order))
            newest = kept;
    }
    if (!newest)
        return NULL;
    SSL_SESSION *session = newest->session;
    tls->offered_seen_ns = newest->seen_ns;
    if (SSL_SESSION_get_protocol_version(session) >= TLS1_3_VERSION)
        *newest = (struct co_tls_session){0};
    else
        SSL_SESSION_up_ref(session);
    return session;
}

/* That the descriptor leads to; 0: it leads to none. */
static uint16_t port_of(int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
    } peer = {.any.sa_family = AF_UNSPEC};
    socklen_t length = sizeof peer;
    if (getpeername(fd, &peer.any, &length) != 0)
        return 0;
    if (peer.any.sa_family == AF_INET)
        return ntohs(peer.in.sin_port);
    return peer.any.sa_family == AF_INET6 ? ntohs(peer.in6.sin6_port) : 0;
}

void co_tls_sessions_begin(struct co_tls_config *config)
{
    SSL_CTX_set_session_cache_mode(
        config->ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
    SSL_CTX_sess_set_new_cb(config->ctx, came);
}

void co_tls_sessions_end(struct co_tls_config *config)
{
    for (size_t i = 0; i < CO_TLS_SESSIONS; i++)
        drop(&config->sessions[i]);
}

/* That it cannot be offered is no fault: then there is a whole handshake. */
void co_tls_sessions_offer(struct co_tls *tls, const char *host)
{
    struct co_tls_config *config = tls->config;
    size_t length = strlen(host);
    if (length >= sizeof tls->place.host)
        return;
    memcpy(tls->place.host, host, length + 1);
    tls->place.port = port_of(tls->fd);
    pthread_mutex_lock(&config->lock);
    SSL_SESSION *session = take(config, tls);
    pthread_mutex_unlock(&config->lock);
    if (session)
        (void)SSL_set_session(tls->ssl, session);
    SSL_SESSION_free(session);
    ERR_clear_error();
}
