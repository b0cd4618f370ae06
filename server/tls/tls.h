/* SPDX-License-Identifier: MIT */
/*
 * A TLS session over a connected socket that does not block, in the place of the calls that it
 * would be read and written with in plain. It belongs to one thread. Nothing here parks; the
 * handshake is done by the first reads.
 */
#ifndef SERVER_TLS_TLS_H
#define SERVER_TLS_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "server/tls/tls_identity.h"

struct tls;

/* The service's side of a session; NULL: no memory. It keeps the identity, and not the socket. */
CO_MUST_CHECK struct tls *tls_begin(struct tls_identity *identity, int fd);

/* As recv(2): 0 once the client has said that it ends; EAGAIN: there is nothing now. EPROTO: what
 * came is plain HTTP, and the session has not begun; ECONNRESET: it failed. */
ssize_t tls_read(struct tls *tls, void *to, size_t size);

/* After a read that found something: may there be more, here or in the socket? */
bool tls_has_more(const struct tls *tls);

/* A read waits until it can write: look again when the socket has room. */
bool tls_waits_for_room(const struct tls *tls);

/*
 * As sendmsg(2): how many bytes have gone to the kernel; fewer than all only if it has no more
 * room. EAGAIN: it had none; then the same bytes must be sent again, wherever they lie by then, and
 * others may follow them. EPIPE: the handshake is not done, or the session failed.
 */
ssize_t tls_send(struct tls *tls, const struct iovec *pieces, size_t count);

/* The socket goes on under another descriptor. */
void tls_move(struct tls *tls, int fd);

/* Say that no more comes from here, if there is room for that. Once, and nothing is sent after. */
void tls_say_end(struct tls *tls);

/* Free it; the socket stays as it is. *tls is NULL after that; from NULL too. */
void tls_end(struct tls **tls);

#endif
