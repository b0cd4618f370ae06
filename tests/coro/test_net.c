/* SPDX-License-Identifier: MIT */
/* Real sockets on loopback and of the file system, and each way in which a call ends. */
#include "coro/net.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "coro/clock.h"
#include "coro/go.h"
#include "tests/coro/suites.h"

static void address_of(int listener, char *text, size_t size, const char *host)
{
    snprintf(text, size, "%s:%d", host, net_port(listener));
}

GO_FUNCTION(echo, (int, fd))
{
    char buffer[1000];
    ssize_t n;
    while ((n = net_read(context_background(), fd, buffer, sizeof buffer)) > 0)
        CU_ASSERT_EQUAL(net_write(context_background(), fd, buffer, (size_t)n), n);
    net_close(&fd);
}

GO_FUNCTION(echo_to_all, (struct context *, context), (int, listener))
{
    struct waitgroup all = {0};
    for (int fd; (fd = net_accept(context, listener)) >= 0;)
        CU_ASSERT(waitgroup_go(&all, echo, fd));
    CU_ASSERT_EQUAL(errno, ECANCELED);
    waitgroup_wait(&all);
}

enum { LONG = 1 << 20 };

GO_FUNCTION(read_all, (int, fd), (size_t *, got), (bool *, same))
{
    static char buffer[LONG];
    *same = true;
    for (ssize_t n; (n = net_read(context_background(), fd, buffer, sizeof buffer)) > 0;)
        for (ssize_t i = 0; i < n; i++, ++*got)
            *same = *same && buffer[i] == (char)(*got * 7);
}

/* More than any buffer holds goes to and fro, so both sides wait. */
static void exchange(const char *address)
{
    static char sent[LONG];
    for (size_t i = 0; i < LONG; i++)
        sent[i] = (char)(i * 7);
    int fd = net_dial(context_background(), address);
    CU_ASSERT_FATAL(fd >= 0);
    struct waitgroup reader = {0};
    size_t got = 0;
    bool same = false;
    int copy = dup(fd); /* one coroutine at a time waits for a descriptor */
    CU_ASSERT(waitgroup_go(&reader, read_all, copy, &got, &same));
    CU_ASSERT_EQUAL(net_write(context_background(), fd, sent, LONG), LONG);
    CU_ASSERT_EQUAL(net_end(fd), 0);
    waitgroup_wait(&reader);
    CU_ASSERT_EQUAL(got, LONG);
    CU_ASSERT(same);
    net_close(&copy);
    net_close(&fd);
    CU_ASSERT_EQUAL(fd, -1);
}

static void with_echo(const char *at, const char *host)
{
    struct context *context = context_with_cancel(context_background());
    struct waitgroup server = {0};
    int listener = net_listen(context_background(), at);
    CU_ASSERT_FATAL(listener >= 0);
    CU_ASSERT(waitgroup_go(&server, echo_to_all, context, listener));
    char address[200];
    address_of(listener, address, sizeof address, host);
    exchange(strncmp(at, "unix:", 5) == 0 ? at : address);
    context_cancel(context);
    waitgroup_wait(&server);
    net_close(&listener);
    context_release(&context);
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
    CU_ASSERT_EQUAL(net_dial(context_background(), address), -1);
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
    CU_ASSERT_EQUAL(net_listen(context_background(), "127.0.0.1"), -1);
    CU_ASSERT_EQUAL(errno, EINVAL);
}

static void a_listener_that_is_gone_refuses(void)
{
    char address[100];
    int listener = net_listen(context_background(), "127.0.0.1:0");
    CU_ASSERT_FATAL(listener >= 0);
    address_of(listener, address, sizeof address, "127.0.0.1");
    CU_ASSERT_EQUAL(net_listen(context_background(), address), -1);
    CU_ASSERT_EQUAL(errno, EADDRINUSE);
    net_close(&listener);
    refused(address, ECONNREFUSED);
}

/* Nobody dials, nobody writes, nobody reads: a context ends each wait. */
static void deadlines_end_each_wait(void)
{
    char address[100], byte;
    static char full[LONG * 16];
    int listener = net_listen(context_background(), "127.0.0.1:0");
    CU_ASSERT_FATAL(listener >= 0);
    address_of(listener, address, sizeof address, "127.0.0.1");
    struct context *soon = context_with_timeout(context_background(), CLOCK_MS);
    CU_ASSERT_EQUAL(net_accept(soon, listener), -1);
    CU_ASSERT_EQUAL(errno, ETIMEDOUT);
    CU_ASSERT_EQUAL(net_dial(soon, address), -1);
    CU_ASSERT_EQUAL(errno, ETIMEDOUT);
    context_release(&soon);

    int fd = net_dial(context_background(), address);
    CU_ASSERT_FATAL(fd >= 0);
    soon = context_with_timeout(context_background(), CLOCK_MS);
    CU_ASSERT_EQUAL(net_read(soon, fd, &byte, 1), -1);
    CU_ASSERT_EQUAL(errno, ETIMEDOUT);
    context_release(&soon);
    soon = context_with_timeout(context_background(), 20 * CLOCK_MS);
    CU_ASSERT_EQUAL(net_write(soon, fd, full, sizeof full), -1);
    CU_ASSERT_EQUAL(errno, ETIMEDOUT);
    context_release(&soon);
    net_close(&fd);
    net_close(&listener);
}

static void a_peer_that_left_is_no_signal(void)
{
    char address[100];
    static char some[LONG];
    int listener = net_listen(context_background(), "127.0.0.1:0");
    address_of(listener, address, sizeof address, "127.0.0.1");
    int fd = net_dial(context_background(), address);
    int peer = net_accept(context_background(), listener);
    CU_ASSERT_FATAL(fd >= 0 && peer >= 0);
    net_close(&peer);
    ssize_t n = 0;
    for (int i = 0; i < 100 && n >= 0; i++)
        n = net_write(context_background(), fd, some, sizeof some);
    CU_ASSERT_EQUAL(n, -1);
    CU_ASSERT(errno == EPIPE || errno == ECONNRESET);
    net_close(&fd);
    net_close(&listener);
}

static const struct unit_test tests[] = {
    {"there_and_back", there_and_back},
    {"what_is_no_address", what_is_no_address},
    {"a_listener_that_is_gone_refuses", a_listener_that_is_gone_refuses},
    {"deadlines_end_each_wait", deadlines_end_each_wait},
    {"a_peer_that_left_is_no_signal", a_peer_that_left_is_no_signal},
    {NULL, NULL},
};

const struct unit_suite suite_net = {.name = "net", .tests = tests};
