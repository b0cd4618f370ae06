/* SPDX-License-Identifier: MIT */
#include "server/http/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* SEND_BUFFER: what the kernel holds for a client that does not read; it doubles it. */
enum { BACKLOG = 4096, SEND_BUFFER = 128 * 1024 };

static bool fail(char *error, size_t size, const char *what, const char *host)
{
    snprintf(error, size, "cannot %s %s: %s", what, host, strerror(errno));
    return false;
}

static bool is_loopback(const struct sockaddr_storage *address)
{
    if (address->ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)address;
        return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
    }
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)address;
    return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

static in_port_t *port_of(struct sockaddr_storage *address)
{
    if (address->ss_family == AF_INET)
        return &((struct sockaddr_in *)(void *)address)->sin_port;
    return &((struct sockaddr_in6 *)(void *)address)->sin6_port;
}

bool listen_parse(struct listen *listen, const char *text, char *error, size_t error_size)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *found = NULL;
    /* The last colon: an IPv6 address has others. */
    const char *colon = strrchr(text, ':');
    char node[256];
    *listen = (struct listen){.host = ""};
    if (!colon || colon == text || (size_t)(colon - text) >= sizeof listen->host || !colon[1] ||
        strlen(colon + 1) > 5 || colon[1 + strspn(colon + 1, "0123456789")]) {
        snprintf(error, error_size, "\"%s\" is not HOST:PORT", text);
        return false;
    }
    if (strtoul(colon + 1, NULL, 10) > UINT16_MAX) {
        snprintf(error, error_size, "\"%s\": a port is a number from 0 to %d", text, UINT16_MAX);
        return false;
    }
    snprintf(listen->text, sizeof listen->text, "%s", text);
    memcpy(listen->host, text, (size_t)(colon - text));
    snprintf(node, sizeof node, "%s", listen->host);
    size_t length = strlen(node);
    bool bracketed = node[0] == '[' && node[length - 1] == ']';
    if (bracketed)
        node[length - 1] = '\0';
    /* The first of several addresses; another one can be named by itself. */
    int failed = getaddrinfo(node + bracketed, colon + 1, &hints, &found);
    if (failed) {
        snprintf(error, error_size, "cannot listen on \"%s\": %s", text, gai_strerror(failed));
        return false;
    }
    memcpy(&listen->address, found->ai_addr, found->ai_addrlen);
    listen->address_length = found->ai_addrlen;
    freeaddrinfo(found);
    listen->is_loopback = is_loopback(&listen->address);
    return true;
}

static int open_one(struct listen *listen, bool shared)
{
    int buffer = SEND_BUFFER, on = 1,
        fd = socket(listen->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    (void)setsockopt(
        fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer); /* connections inherit it */
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        (!shared || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0) &&
        bind(fd, (struct sockaddr *)&listen->address, listen->address_length) == 0)
        return fd;
    /* close() must not hide why it failed. */
    int kept = errno;
    close(fd);
    errno = kept;
    return -1;
}

static void say_url(struct listen *listen)
{
    snprintf(listen->url, sizeof listen->url, "http%s://%s:%u", listen->is_secret ? "s" : "",
        listen->host, ntohs(*port_of(&listen->address)));
}

bool listen_open(struct listen *at, int *sockets, int count, char *error, size_t error_size)
{
    /* A socket of another process with SO_REUSEPORT would share the port with us in silence; one
     * without it finds out. */
    int probe = open_one(at, false);
    if (probe < 0 || listen(probe, 1) < 0) {
        if (probe >= 0)
            close(probe);
        return fail(error, error_size, "listen on", at->text);
    }
    close(probe);
    /* The first socket settles the port, also when any free one was asked for. */
    for (int i = 0; i < count; i++) {
        sockets[i] = open_one(at, true);
        socklen_t length = sizeof at->address;
        if (sockets[i] < 0 || listen(sockets[i], BACKLOG) < 0 ||
            getsockname(sockets[i], (struct sockaddr *)&at->address, &length) < 0) {
            fail(error, error_size, "listen on", at->text);
            for (; i >= 0; i--)
                if (sockets[i] >= 0)
                    close(sockets[i]);
            return false;
        }
    }
    say_url(at);
    return true;
}

/* ---- sockets of others --------------------------------------------------------------------- */

/* Make it as one of ours is. False: it is none that can be served. */
static bool adopt_one(int fd, struct sockaddr_storage *address)
{
    int listens = 0, buffer = SEND_BUFFER, flags = fcntl(fd, F_GETFL);
    socklen_t size = sizeof listens, length = sizeof *address;
    if (flags < 0 || getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 || !listens ||
        getsockname(fd, (struct sockaddr *)address, &length) != 0 ||
        (address->ss_family != AF_INET && address->ss_family != AF_INET6))
        return false;
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
    return fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

/* Its address in digits, as it stands in a URL. */
static void name_host(struct listen *listen)
{
    char node[INET6_ADDRSTRLEN] = "";
    bool is_v4 = listen->address.ss_family == AF_INET;
    (void)getnameinfo((struct sockaddr *)&listen->address, sizeof listen->address, node,
        sizeof node, NULL, 0, NI_NUMERICHOST);
    snprintf(listen->host, sizeof listen->host, is_v4 ? "%s" : "[%s]", node);
    snprintf(listen->text, sizeof listen->text, "%s:%u", listen->host,
        ntohs(*port_of(&listen->address)));
}

bool listen_adopt(struct listen *at, struct listen_given given, int *sockets, int count,
    char *error, size_t error_size)
{
    if (given.count > count) {
        snprintf(error, error_size, "%d sockets were handed over, for %d workers (--workers)",
            given.count, count);
        return false;
    }
    at->is_loopback = true;
    for (int i = 0; i < given.count; i++) {
        struct sockaddr_storage address;
        if (!adopt_one(given.first + i, &address)) {
            snprintf(error, error_size,
                "descriptor %d was handed over, and is not a listening socket of TCP",
                given.first + i);
            return false;
        }
        at->address = i == 0 ? address : at->address;
        at->is_loopback = at->is_loopback && is_loopback(&address);
    }

    /* Each worker has a descriptor of its own, also where several have one socket. */
    for (int i = 0; i < count; i++) {
        sockets[i] = i < given.count ? given.first + i
                                     : fcntl(given.first + i % given.count, F_DUPFD_CLOEXEC, 0);
        if (sockets[i] < 0)
            return fail(error, error_size, "listen on", "a socket that was handed over");
    }
    name_host(at);
    say_url(at);
    return true;
}

/* ---- the end ------------------------------------------------------------------------------- */

void listen_begin_none(int socket)
{
    /* Of what comes for it: a segment with SYN is dropped, all others pass. The kernel shows the
     * TCP header, whose byte 13 has the flags. */
    enum { FLAGS = 13, SYN = 2, ALL = 0xffff };
    struct sock_filter code[] = {BPF_STMT(BPF_LD | BPF_B | BPF_ABS, FLAGS),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, SYN, 0, 1), BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, ALL)};
    const struct sock_fprog program = {sizeof code / sizeof code[0], code};
    (void)setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

bool listen_has_waiting(int socket)
{
    struct pollfd looked_at = {.fd = socket, .events = POLLIN};
    return poll(&looked_at, 1, 0) == 1;
}
