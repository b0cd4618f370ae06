/* SPDX-License-Identifier: MIT */
/*
 * TLS 1.2 and 1.3 over streams of net.h, either side, by OpenSSL. A coroutine that must wait parks;
 * a context is its deadline, as in net.h. Link with libcoro-tls (pkg-config coro-tls).
 *
 * A client verifies, unless it is told not to: the chain of certificates, up to one that it trusts,
 * their dates, and that the name (or the number) it dialled is the certificate's. It sends the name
 * (SNI).
 *
 * A client takes sessions up again, by itself, where the server lets it: the handshake is short,
 * and for at most an hour after it was shown the certificate counts as it was seen, however many
 * sessions follow one another. Only with the same configuration, host and port.
 *
 * A call that fails returns -1 or NULL with errno: what net.h says, and
 *   EKEYREJECTED  the other side's certificate was not accepted
 *   EPROTO        the other side does not speak TLS, or not to us
 *   ECONNRESET    the stream ended without the other side's farewell: what came may be cut short
 *   ENOMEM        memory ran out
 * `why`, if it is not NULL, then says more in words.
 *
 * One coroutine at a time may read, and one at a time write; a reader and a writer may be two. Each
 * step of a handshake computes, a signature among them, and its worker runs nothing else meanwhile.
 */
#ifndef CORO_CO_TLS_H
#define CORO_CO_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "coro/context.h"
#include "coro/language.h"
#include "coro/stream.h"

CO_C_BEGIN

struct co_tls_config; /* what connections are made with; for any number of them, from any worker */
struct co_tls;        /* a connection */

/* All zero: trust whom the system trusts. Files are PEM. */
struct co_tls_client_options {
    const char *trust_file;       /* certificates that may vouch for others; NULL: the system's */
    const char *certificate_file; /* to show, leaf first, and its key; NULL: none */
    const char *key_file;
    const char *protocols; /* ALPN, the first preferred: "h2,http/1.1"; NULL: not offered */
    bool trust_anyone;     /* verify nothing: then it is secret, but from nobody in particular */
};

struct co_tls_server_options {
    const char *certificate_file; /* to show, leaf first, and its key */
    const char *key_file;
    const char *protocols;          /* ALPN, the first preferred; NULL: any, and none is chosen */
    const char *clients_trust_file; /* clients must show a certificate that these vouch for */
};

/* NULL: a file is not there (errno of open), or not what it should be (EINVAL). Reads files, on a
 * thread if a coroutine calls. `options` may be NULL for a client. */
CO_MUST_CHECK struct co_tls_config *co_tls_client(
    const struct co_tls_client_options *options, struct co_stream_why *why);
CO_MUST_CHECK struct co_tls_config *co_tls_server(
    const struct co_tls_server_options *options, struct co_stream_why *why);

/* Connections that were made with it may go on. */
void co_tls_config_free(struct co_tls_config **config);

/* co_net_dial() to "host:port", and the handshake with that host. Not for Unix sockets. */
CO_MUST_CHECK struct co_tls *co_tls_dial(struct co_context *context, struct co_tls_config *config,
    const char *address, struct co_stream_why *why);

/* The handshake on a connected descriptor, which belongs to the connection from now on, or is
 * closed if it fails. `host` is the name, or the number, that the server must prove to have. */
CO_MUST_CHECK struct co_tls *co_tls_connect(struct co_context *context,
    struct co_tls_config *config, int fd, const char *host, struct co_stream_why *why);
CO_MUST_CHECK struct co_tls *co_tls_accept(
    struct co_context *context, struct co_tls_config *config, int fd, struct co_stream_why *why);

/* 1 to `size` bytes, or 0 when the other side has said farewell; it may still read then. */
CO_MUST_CHECK ssize_t co_tls_read(
    struct co_context *context, struct co_tls *tls, void *buffer, size_t size);

/* All of it, or -1: then some of it may have been sent, and nothing more can be. */
CO_MUST_CHECK ssize_t co_tls_write(
    struct co_context *context, struct co_tls *tls, const void *data, size_t size);

/* Say farewell: nothing more will be written. Reading goes on. 0, or -1. */
CO_MUST_CHECK int co_tls_end(struct co_context *context, struct co_tls *tls);

/* Say farewell if that needs no waiting, close, and set it to NULL. Nobody may be waiting for it.
 * Never parks. */
void co_tls_close(struct co_tls **tls);

/* "TLSv1.3"; the protocol that ALPN chose, NULL if none; the name that the client asked for, NULL
 * if none. Valid as long as the connection. */
const char *co_tls_version(const struct co_tls *tls);
const char *co_tls_protocol(const struct co_tls *tls);
const char *co_tls_server_name(const struct co_tls *tls);

/* Did it begin with a session of before, without certificates shown anew? */
bool co_tls_is_resumed(const struct co_tls *tls);

/* As a stream, which owns it from now on. */
struct co_stream co_tls_stream(struct co_tls *tls);

/* Opens streams with this configuration, which must outlive it: for what dials by itself, such as
 * an HTTP client. */
struct co_stream_dialer co_tls_dialer(struct co_tls_config *config);

CO_C_END

#endif
