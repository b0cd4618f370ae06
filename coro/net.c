/* SPDX-License-Identifier: MIT */
/* Each call tries first, and waits for the descriptor only when it must: so what is ready costs one
 * system call. */
#include "coro/net.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "coro/net_private.h"
#include "coro/poller.h"

enum { TRY_AGAIN = 0, GIVE_UP = -1 };

/* After a call on `fd` failed: wait until it is worth another try. */
static int after_failure(struct co_context *context, int fd, unsigned events)
{
    if (errno == EINTR)
        return TRY_AGAIN;
    if (errno != EAGAIN && errno != EWOULDBLOCK)
        return GIVE_UP;
    return co_net_wait(context, fd, events) == 0 ? TRY_AGAIN : GIVE_UP;
}

int co_net_wait(struct co_context *context, int fd, unsigned events)
{
    switch (co_poller_wait(context, fd, events)) {
    case CO_POLLER_READY:
        return 0;
    case CO_POLLER_CANCELLED:
        errno = co_net_errno_of(context);
        return -1;
    case CO_POLLER_FAILED:
        break;
    }
    return -1;
}

int co_net_check(struct co_context *context)
{
    if (co_context_err(context) == CO_CONTEXT_OK)
        return 0;
    errno = co_net_errno_of(context);
    return -1;
}

static bool goes_on(struct co_context *context)
{
    return co_net_check(context) == 0;
}

static int socket_for(const struct co_net_address *address)
{
    int fd = socket(address->at.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;
    if (fd >= 0 && address->at.ss_family != AF_UNIX) /* small messages leave immediately */
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

static int close_and_fail(int fd)
{
    int error = errno;
    co_net_close(&fd);
    errno = error;
    return -1;
}

/* --- dial ------------------------------------------------------------------------------------- */

/* 0 once it is connected. */
static int finish_connect(struct co_context *context, int fd)
{
    int error = 0;
    socklen_t size = sizeof error;
    errno = EAGAIN;
    if (after_failure(context, fd, CO_POLLER_WRITE) == GIVE_UP ||
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
        return -1;
    errno = error;
    return error == 0 ? 0 : -1;
}

/* The port is chosen when it connects, so there are as many as without an address. */
static int call_from(int fd, const struct co_net_address *from)
{
    int on = 1;
    (void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    return bind(fd, (const struct sockaddr *)&from->at, from->size);
}

static int dial_one(struct co_context *context, const struct co_net_address *address,
    const struct co_net_address *from)
{
    int fd = socket_for(address);
    if (fd < 0)
        return -1;
    if (from && call_from(fd, from) < 0)
        return close_and_fail(fd);
    if (connect(fd, (const struct sockaddr *)&address->at, address->size) == 0)
        return fd;
    bool under_way = errno == EINPROGRESS || errno == EINTR;
    return under_way && finish_connect(context, fd) == 0 ? fd : close_and_fail(fd);
}

static int dial(struct co_context *context, const char *address, const struct co_net_address *from)
{
    struct co_net_address addresses[CO_NET_ADDRESSES_MAX];
    int count = co_net_lookup(context, address, false, addresses), fd = -1;
    for (int i = 0; i < count && fd < 0 && goes_on(context); i++)
        fd = dial_one(context, &addresses[i], from);
    return fd;
}

int co_net_dial(struct co_context *context, const char *address)
{
    return dial(context, address, NULL);
}

/* The first address of the text, as for a listener: its port may be 0. */
static int own_address(struct co_context *context, const char *from, struct co_net_address *own)
{
    struct co_net_address addresses[CO_NET_ADDRESSES_MAX];
    if (co_net_lookup(context, from, true, addresses) < 0)
        return -1;
    *own = addresses[0];
    return 0;
}

int co_net_dial_from(struct co_context *context, const char *address, const char *from)
{
    struct co_net_address own;
    if (!from)
        return dial(context, address, NULL);
    return own_address(context, from, &own) == 0 ? dial(context, address, &own) : -1;
}

/* --- listen ----------------------------------------------------------------------------------- */

int co_net_listen(struct co_context *context, const char *address)
{
    struct co_net_address addresses[CO_NET_ADDRESSES_MAX];
    if (co_net_lookup(context, address, true, addresses) < 0)
        return -1;
    int fd = socket_for(&addresses[0]), on = 1;
    if (fd < 0)
        return -1;
    if (addresses[0].at.ss_family != AF_UNIX)
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (const struct sockaddr *)&addresses[0].at, addresses[0].size) < 0 ||
        listen(fd, SOMAXCONN) < 0)
        return close_and_fail(fd);
    return fd;
}

int co_net_port(int fd)
{
    struct sockaddr_storage at;
    socklen_t size = sizeof at;
    if (getsockname(fd, (struct sockaddr *)&at, &size) < 0)
        return -1;
    switch (at.ss_family) {
    case AF_INET:
        return ntohs(((const struct sockaddr_in *)&at)->sin_port);
    case AF_INET6:
        return ntohs(((const struct sockaddr_in6 *)&at)->sin6_port);
    default:
        errno = EAFNOSUPPORT;
        return -1;
    }
}

/* What the connection failed with, not the listener (accept(2)). */
static bool was_the_connection(int error)
{
    return error == ECONNABORTED || error == EPROTO || error == ENETDOWN || error == ENOPROTOOPT ||
           error == EHOSTDOWN || error == ENONET || error == EHOSTUNREACH || error == ENETUNREACH;
}

int co_net_accept(struct co_context *context, int listener)
{
    for (;;) {
        if (!goes_on(context))
            return -1;
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0)
            return fd;
        if (!was_the_connection(errno) &&
            after_failure(context, listener, CO_POLLER_READ) == GIVE_UP)
            return -1;
    }
}

/* --- streams ---------------------------------------------------------------------------------- */

ssize_t co_net_read(struct co_context *context, int fd, void *buffer, size_t size)
{
    while (goes_on(context)) {
        ssize_t n = recv(fd, buffer, size, 0);
        if (n >= 0)
            return n;
        if (after_failure(context, fd, CO_POLLER_READ) == GIVE_UP)
            break;
    }
    return -1;
}

ssize_t co_net_write(struct co_context *context, int fd, const void *data, size_t size)
{
    for (size_t done = 0; goes_on(context);) {
        ssize_t n = send(fd, (const char *)data + done, size - done, MSG_NOSIGNAL);
        done += n > 0 ? (size_t)n : 0;
        if (done == size)
            return (ssize_t)size;
        if (n < 0 && after_failure(context, fd, CO_POLLER_WRITE) == GIVE_UP)
            break;
    }
    return -1;
}

static void consume(struct iovec **pieces, size_t *count, size_t sent)
{
    for (; *count > 0 && sent >= (*pieces)->iov_len; ++*pieces, --*count) {
        sent -= (*pieces)->iov_len;
        (*pieces)->iov_len = 0;
    }
    if (*count > 0) {
        (*pieces)->iov_base = (char *)(*pieces)->iov_base + sent;
        (*pieces)->iov_len -= sent;
    }
}

int co_net_write_pieces(struct co_context *context, int fd, struct iovec *pieces, size_t count)
{
    while (goes_on(context)) {
        const struct msghdr message = {.msg_iov = pieces, .msg_iovlen = count};
        ssize_t n = sendmsg(fd, &message, MSG_NOSIGNAL);
        consume(&pieces, &count, n > 0 ? (size_t)n : 0);
        if (count == 0)
            return 0;
        if (n < 0 && after_failure(context, fd, CO_POLLER_WRITE) == GIVE_UP)
            break;
    }
    return -1;
}

int co_net_end(int fd)
{
    return shutdown(fd, SHUT_WR);
}

void co_net_close(int *fd)
{
    if (*fd < 0)
        return;
    co_poller_forget(*fd);
    close(*fd);
    *fd = -1;
}
