/* SPDX-License-Identifier: MIT */
/* From an address's text to socket addresses, for the files of net. */
#ifndef CORO_NET_PRIVATE_H
#define CORO_NET_PRIVATE_H

#include <sys/socket.h>

#include "coro/context.h"

enum { NET_ADDRESSES_MAX = 16 };

struct net_address {
    struct sockaddr_storage at;
    socklen_t size;
};

/* Look the text up; at most NET_ADDRESSES_MAX go into `addresses`, in the order in which they are
 * to be tried. Returns how many, at least 1, or -1 with errno as net.h says. Parks while a name is
 * looked up; the lookup goes on in its thread if the context ends first. */
MUST_CHECK int net_lookup(struct context *context, const char *text, bool to_listen,
    struct net_address addresses[NET_ADDRESSES_MAX]);

/* ETIMEDOUT or ECANCELED, depending on why the context has ended. */
int net_errno_of(struct context *context);

#endif
