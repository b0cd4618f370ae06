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

/* Look the text up; at most NET_ADDRESSES_MAX go into `addresses`, those that are to be tried first
 * in front. How many, at least 1, or -1 with errno as net.h says. Parks while a name is looked up;
 * that goes on in a thread of its own when the context ends first. */
MUST_CHECK int net_lookup(struct context *context, const char *text, bool to_listen,
    struct net_address addresses[NET_ADDRESSES_MAX]);

/* ETIMEDOUT or ECANCELED, by why it has ended. */
int net_errno_of(struct context *context);

#endif
