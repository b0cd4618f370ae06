/* SPDX-License-Identifier: MIT */
/*
 * libmicrohttpd calls recv(). What a program defines comes before what its libraries define, so the
 * recv() of this file is the one that it finds; descriptors of anything but our connections
 * (libpq's) are read as always. That costs nothing: no system call is added, and those that
 * libmicrohttpd makes only to find nothing are saved. Rejected: looking ahead with MSG_PEEK, which
 * is one call more for each request, cannot keep libmicrohttpd from reading on into a second
 * request that came with the first, and shows it heads as they came.
 *
 * Its send() and sendmsg() are ours in the same way: where a connection has a TLS session, they
 * write to that, and libmicrohttpd knows nothing of it. When less was taken than it has, it waits
 * for the edge that tells of room, which is right here too: tls_send() goes on until there is none.
 */
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "server/http/http_private.h"

ssize_t recv(int fd, void *to, size_t size, int flags)
{
    struct http_peer *peer = http_wire_of(fd);
    return peer ? http_wire_give(peer, to, size) : recvfrom(fd, to, size, flags, NULL, NULL);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    struct http_peer *peer = http_wire_of(fd);
    return peer ? http_wire_send(peer, message, flags) : syscall(SYS_sendmsg, fd, message, flags);
}

ssize_t send(int fd, const void *bytes, size_t size, int flags)
{
    union {
        const void *in;
        void *out;
    } base = {.in = bytes}; /* it is only read */
    struct iovec piece = {base.out, size};
    if (!http_wire_of(fd))
        return sendto(fd, bytes, size, flags, NULL, 0);
    return sendmsg(fd, &(struct msghdr){.msg_iov = &piece, .msg_iovlen = 1}, flags);
}
