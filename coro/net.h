/* SPDX-License-Identifier: MIT */
/*
 * Streams between programs: dial, listen, accept, read and write, each until a context ends. A
 * coroutine that must wait parks, and its worker goes on with others.
 *
 * An address is "host:port", "[::1]:port", or "unix:/path" ("unix:@name" for an abstract one). The
 * host is a name or a number; so is the port, up to 65535. A listener may leave the host out
 * (":8080", all addresses) and ask for port 0, which picks a free one.
 *
 * A descriptor is the caller's, non-blocking and close-on-exec, and goes back with co_net_close().
 * A call that fails returns -1 with errno: that of the system call, or
 *   ETIMEDOUT  the context's deadline has passed
 *   ECANCELED  the context was cancelled
 *   EINVAL     the address is not of that form
 *   ENOENT     no such host, or no such service
 *   EAGAIN     the name could not be looked up now
 *   ENOMEM     memory or coroutines ran out
 * One coroutine at a time may wait for a descriptor. Only from coroutines.
 */
#ifndef CORO_NET_H
#define CORO_NET_H

#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "coro/context.h"
#include "coro/language.h"

CO_C_BEGIN

/* A connection to the first of the host's addresses that accepts it. */
CO_MUST_CHECK int co_net_dial(struct co_context *context, const char *address);

/* The same from an address of this machine, "127.0.0.2:0": with port 0 the system picks one when it
 * knows where to. NULL: as co_net_dial. */
CO_MUST_CHECK int co_net_dial_from(
    struct co_context *context, const char *address, const char *from);

/* A listening socket; the path of a Unix one must not exist yet. */
CO_MUST_CHECK int co_net_listen(struct co_context *context, const char *address);

/* The port that a socket listens on, or is bound to; -1 if it has none. */
int co_net_port(int fd);

/* The next connection of a listener. One that was gone before it was accepted is skipped. */
CO_MUST_CHECK int co_net_accept(struct co_context *context, int listener);

/* As read(2): 1 to `size` bytes, or 0 at the end of the stream. */
CO_MUST_CHECK ssize_t co_net_read(struct co_context *context, int fd, void *buffer, size_t size);

/* All of it, or -1; then some of it may have been written. A peer that is gone is EPIPE, never a
 * signal. */
CO_MUST_CHECK ssize_t co_net_write(
    struct co_context *context, int fd, const void *data, size_t size);

/* Write the pieces in order, in as few calls as can be. 0, or -1. They are consumed as they go:
 * what is left in them was not taken by the system. */
CO_MUST_CHECK int co_net_write_pieces(
    struct co_context *context, int fd, struct iovec *pieces, size_t count);

/* For what is built on descriptors: 0 once it is ready for one of poller.h's events, or -1. */
CO_MUST_CHECK int co_net_wait(struct co_context *context, int fd, unsigned events);

/* 0 while the context goes on, else -1 with ETIMEDOUT or ECANCELED. Never parks. */
CO_MUST_CHECK int co_net_check(struct co_context *context);

/* Nothing more will be written: the peer reads the end of the stream. */
CO_MUST_CHECK int co_net_end(int fd);

/* Close it, and set it to -1. Nobody may be waiting for it. */
void co_net_close(int *fd);

CO_C_END

#endif
