/* SPDX-License-Identifier: MIT */
/* Real sockets on loopback and of the file system, and each way in which a call ends. */
#include "coro/net.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "coro/clock.h"
#include "coro/go.h"
#include "tests/coro/suites.h"

static void address_of(int listener, char *text, size_t size, const char *host)
{
    snprintf(text, size, "%s:%d", host, co_net_port(listener));
}

CO_GO_FUNCTION(echo, (int, fd))
{
    char buffer[1000];
    ssize_t n;
    while ((n = co_net_read(co_context_background(), fd, buffer, sizeof buffer)) > 0)
        CU_ASSERT_EQUAL(co_net_write(co_context_background(), fd, buffer, (size_t)n), n);
    co_net_close(&fd);
}

CO_GO_FUNCTION(echo_to_all, (struct co_context *, context), (int, listener))
{
    struct co_waitgroup all = {0};
    for (int fd; (fd = co_net_accept(context, listener)) >= 0;)
        CU_ASSERT(co_waitgroup_go(&all, echo, fd));
    CU_ASSERT_EQUAL(errno, ECANCELED);
    co_waitgroup_wait(&all);
}

enum { LONG = 1 << 20 };

CO_GO_FUNCTION(read_all, (int, fd), (size_t *, got), (bool *, same))
{
    static char buffer[LONG];
    *same = true;
    for (ssize_t n; (n = co_net_read(co_context_background(), fd, buffer, sizeof buffer)) > 0;)
        for (ssize_t i = 0; i < n; i++, ++*got)
            *same = *same && buffer[i] == (char)(*got * 7);
}

/* More than any buffer holds goes to and fro, so both sides wait. */
static void exchange(const char *address)
{
    static char sent[LONG];
    for (size_t i = 0; i < LONG; i++)
        sent[i] = (char)(i * 7);
    int fd = co_net_dial(co_context_background(), address);
    CU_ASSERT_FATAL(fd >= 0);
    struct co_waitgroup reader = {0};
    size_t got = 0;
    bool same = false;
    int copy = dup(fd); /* one coroutine at a time waits for a descriptor */
    CU_ASSERT(co_waitgroup_go(&reader, read_all, copy, &got, &same));
    CU_ASSERT_EQUAL(co_net_write(co_context_background(), fd, sent, LONG), LONG);
    CU_ASSERT_EQUAL(co_net_end(fd), 0);
    co_waitgroup_wait(&reader);
    CU_ASSERT_EQUAL(got, LONG);
    CU_ASSERT(same);
    co_net_close(&copy);
    co_net_close(&fd);
    CU_ASSERT_EQUAL(fd, -1);
}

static void with_echo(const char *at, const char *host)
{
    struct co_context *context = co_context_with_cancel(co_context_background());
    struct co_waitgroup server = {0};
    int listener = co_net_listen(co_context_background(), at);
    CU_ASSERT_FATAL(listener >= 0);
    CU_ASSERT(co_waitgroup_go(&server, echo_to_all, context, listener));
    char address[200];
    address_of(listener, address, sizeof address, host);
    exchange(strncmp(at, "unix:", 5) == 0 ? at : address);
    co_context_cancel(context);
    co_waitgroup_wait(&server);
    co_net_close(&listener);
    co_context_release(&context);
}

static void there_and_back(void)
{
    char path[] = "unix:/tmp/test-net-XXXXXX";
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(path + 5));
    char socket_path[sizeof path + 8];
    snprintf(socket_path, sizeof socket_path, "%s/socket", path);
    with_echo("127.0.0.1:0", "127.0.0.1");
    with_echo("127.0.0.1:0", "localhost"); /* looked up on a thread */
    with_echo(socket_path, "");
    unlink(socket_path + 5);
    rmdir(path + 5);
}

static void refused(const char *address, int error)
{
    errno = 0;
    CU_ASSERT_EQUAL(co_net_dial(co_context_background(), address), -1);
    CU_ASSERT_EQUAL(errno, error);
}

static void what_is_no_address(void)
{
    refused("", EINVAL);
    refused("127.0.0.1", EINVAL);
    refused("127.0.0.1:", EINVAL);
    refused("::1:80", EINVAL);
    refused(":80", EINVAL);
    refused("unix:", EINVAL);
    refused("127.0.0.1:nosuchservice", ENOENT);
    refused("unix:/nowhere/socket", ENOENT);
    char wide[400];
    memset(wide, 'a', sizeof wide);
    memcpy(wide + sizeof wide - 4, ":80", 4);
    refused(wide, EINVAL);
    CU_ASSERT_EQUAL(co_net_listen(co_context_background(), "127.0.0.1"), -1);
    CU_ASSERT_EQUAL(errno, EINVAL);
}

static void a_listener_that_is_gone_refuses(void)
{
    char address[100];
    int listener = co_net_listen(co_context_background(), "127.0.0.1:0");
    CU_ASSERT_FATAL(listener >= 0);
    address_of(listener, address, sizeof address, "127.0.0.1");
    CU_ASSERT_EQUAL(co_net_listen(co_context_background(), address), -1);
    CU_ASSERT_EQUAL(errno, EADDRINUSE);
    co_net_close(&listener);
    refused(address, ECONNREFUSED);
}

/* The other side sees where a call comes from. */
static void from_an_address_of_its_own(void)
{
    char address[100];
    struct sockaddr_in peer;
    socklen_t size = sizeof peer;
    int listener = co_net_listen(co_context_background(), "127.0.0.1:0");
    CU_ASSERT_FATAL(listener >= 0);
    address_of(listener, address, sizeof address, "127.0.0.1");
    int fd = co_net_dial_from(co_context_background(), address, "127.0.0.7:0");
    int accepted = co_net_accept(co_context_background(), listener);
    CU_ASSERT_FATAL(fd >= 0 && accepted >= 0);
    CU_ASSERT_EQUAL(getpeername(accepted, (struct sockaddr *)&peer, &size), 0);
    CU_ASSERT_EQUAL(peer.sin_addr.s_addr, htonl(0x7f000007));
    co_net_close(&fd);
    co_net_close(&accepted);
    CU_ASSERT_EQUAL(co_net_dial_from(co_context_background(), address, "192.0.2.1:0"), -1);
    CU_ASSERT_EQUAL(errno, EADDRNOTAVAIL);
    CU_ASSERT_EQUAL(co_net_dial_from(co_context_background(), address, "nowhere"), -1);
    CU_ASSERT_EQUAL(errno, EINVAL);
    co_net_close(&listener);
}

/* More than a socket holds, in pieces: each is consumed as it goes. */
static void pieces_in_order(void)
{
    static char large[4 * LONG];
    char address[100];
    int listener = co_net_listen(co_context_background(), "127.0.0.1:0");
    CU_ASSERT_FATAL(listener >= 0);
    address_of(listener, address, sizeof address, "127.0.0.1");
    int fd = co_net_dial(co_context_background(), address);
    int peer = co_net_accept(co_context_background(), listener);
    CU_ASSERT_FATAL(fd >= 0 && peer >= 0);
    char ab[] = "ab", c[] = "c", text[10];
    struct iovec pieces[] = {{ab, 2}, {NULL, 0}, {large, 3}, {c, 1}};
    CU_ASSERT_EQUAL(co_net_write_pieces(co_context_background(), fd, pieces, 4), 0);
    CU_ASSERT_EQUAL(pieces[0].iov_len + pieces[2].iov_len + pieces[3].iov_len, 0);
    CU_ASSERT_EQUAL(co_net_read(co_context_background(), peer, text, sizeof text), 6);
    CU_ASSERT_EQUAL(memcmp(text, "ab\0\0\0c", 6), 0);

    struct co_context *soon = co_context_with_timeout(co_context_background(), 20 * CO_CLOCK_MS);
    struct iovec more[] = {{ab, 2}, {large, sizeof large}, {large, sizeof large}};
    CU_ASSERT_EQUAL(co_net_write_pieces(soon, fd, more, 3), -1);
    CU_ASSERT_EQUAL(errno, ETIMEDOUT);
    CU_ASSERT_EQUAL(more[0].iov_len, 0);
    CU_ASSERT(more[1].iov_len + more[2].iov_len > 0);
    co_context_release(&soon);
    co_net_close(&fd);
    co_net_close(&peer);
    co_net_close(&listener);
}

/* Nobody dials, nobody writes, nobody reads: a context ends each wait. */
static void deadlines_end_each_wait(void)
{
    char address[100], byte;
    static char full[LONG * 16];
    int listener = co_net_listen(co_context_background(), "127.0.0.1:0");
    CU_ASSERT_FATAL(listener >= 0);
    address_of(listener, address, sizeof address, "127.0.0.1");
    struct co_context *soon = co_context_with_timeout(co_context_background(), CO_CLOCK_MS);
    CU_ASSERT_EQUAL(co_net_accept(soon, listener), -1);
    CU_ASSERT_EQUAL(errno, ETIMEDOUT);
    CU_ASSERT_EQUAL(co_net_dial(soon, address), -1);
    CU_ASSERT_EQUAL(errno, ETIMEDOUT);
    co_context_release(&soon);

    int fd = co_net_dial(co_context_background(), address);
    CU_ASSERT_FATAL(fd >= 0);
    soon = co_context_with_timeout(co_context_background(), CO_CLOCK_MS);
    CU_ASSERT_EQUAL(co_net_read(soon, fd, &byte, 1), -1);
    CU_ASSERT_EQUAL(errno, ETIMEDOUT);
    co_context_release(&soon);
    soon = co_context_with_timeout(co_context_background(), 20 * CO_CLOCK_MS);
    CU_ASSERT_EQUAL(co_net_write(soon, fd, full, sizeof full), -1);
    CU_ASSERT_EQUAL(errno, ETIMEDOUT);
    co_context_release(&soon);
    co_net_close(&fd);
    co_net_close(&listener);
}

static void a_peer_that_left_is_no_signal(void)
{
    char address[100];
    static char some[LONG];
    int listener = co_net_listen(co_context_background(), "127.0.0.1:0");
    address_of(listener, address, sizeof address, "127.0.0.1");
    int fd = co_net_dial(co_context_background(), address);
    int peer = co_net_accept(co_context_background(), listener);
    CU_ASSERT_FATAL(fd >= 0 && peer >= 0);
    co_net_close(&peer);
    ssize_t n = 0;
    for (int i = 0; i < 100 && n >= 0; i++)
        n = co_net_write(co_context_background(), fd, some, sizeof some);
    CU_ASSERT_EQUAL(n, -1);
    CU_ASSERT(errno == EPIPE || errno == ECONNRESET);
    co_net_close(&fd);
    co_net_close(&listener);
}

static const struct unit_test tests[] = {
    {"there_and_back", there_and_back},
    {"what_is_no_address", what_is_no_address},
    {"a_listener_that_is_gone_refuses", a_listener_that_is_gone_refuses},
    {"from_an_address_of_its_own", from_an_address_of_its_own},
    {"pieces_in_order", pieces_in_order},
    {"deadlines_end_each_wait", deadlines_end_each_wait},
    {"a_peer_that_left_is_no_signal", a_peer_that_left_is_no_signal},
    {NULL, NULL},
};

const struct unit_suite suite_net = {.name = "net", .tests = tests};
