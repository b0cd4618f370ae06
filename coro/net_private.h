/* SPDX-License-Identifier: MIT */
/* From an address's text to socket addresses, for the files of net. */
#ifndef CORO_NET_PRIVATE_H
#define CORO_NET_PRIVATE_H

#include <sys/socket.h>

#include "coro/context.h"

enum { CO_NET_ADDRESSES_MAX = 16 };

struct co_net_address {
    struct sockaddr_storage at;
    socklen_t size;
};

/* Look the text up; at most CO_NET_ADDRESSES_MAX go into `addresses`, in the order in which they
 * are to be tried. Returns how many, at least 1, or -1 with errno as net.h says. Parks while a name
 * is looked up; the lookup goes on in its thread if the context ends first. */
CO_MUST_CHECK int co_net_lookup(struct co_context *context, const char *text, bool to_listen,
    struct co_net_address addresses[CO_NET_ADDRESSES_MAX]);

/* ETIMEDOUT or ECANCELED, depending on why the context has ended. */
int co_net_errno_of(struct co_context *context);

#endif
