/* SPDX-License-Identifier: MIT */
/* Where the service listens: "HOST:PORT", HOST an address, a name, or an IPv6 address in []. */
#ifndef SERVER_HTTP_LISTEN_H
#define SERVER_HTTP_LISTEN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "coro/ensure.h"

enum { LISTEN_URL = 300 };

struct listen {
    struct sockaddr_storage address;
    socklen_t address_length;
    bool is_loopback;
    bool is_secret;                   /* TLS is spoken; set by the caller, for the url */
    char text[LISTEN_URL], host[256]; /* as given */
    char url[LISTEN_URL];             /* "http://127.0.0.1:8080", once the sockets are open */
};

/* Take "HOST:PORT" apart and look HOST up (may block). False with the reason in `error`. */
CO_MUST_CHECK bool listen_parse(
    struct listen *listen, const char *text, char *error, size_t error_size);

/*
 * Open `count` listening sockets on one port, over which the kernel spreads new connections
 * (SO_REUSEPORT); port 0: any free one. Refused when another process listens there.
 */
CO_MUST_CHECK bool listen_open(
    struct listen *listen, int *sockets, int count, char *error, size_t error_size);

/* Sockets that another process has opened, and listens on still when this one has closed them:
 * descriptors from `first` on. */
struct listen_given {
    int first, count;
};

/*
 * The same with those: each of the `count` becomes one of them, or a copy. False when one is not a
 * listening socket of TCP, or there are more of them than `count`. The host becomes that of the
 * first, and it is loopback if all are, whatever was parsed.
 */
CO_MUST_CHECK bool listen_adopt(struct listen *listen, struct listen_given given, int *sockets,
    int count, char *error, size_t error_size);

/* No connection begins any more, and those that have begun still get to accept(): whoever comes
 * from now on is not answered, and tries again in a second, when the socket is to be closed.
 * Closing it alone would reset those that nobody has accepted. Where the kernel refuses that
 * nothing is done. */
void listen_begin_none(int socket);

/* Does one wait to be accepted? */
bool listen_has_waiting(int socket);

#endif
