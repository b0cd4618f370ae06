/* SPDX-License-Identifier: MIT */
#include "coro/poller.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/waitgroup.h"
#include "coro/worker.h"
#include "tests/coro/suites.h"

static void cancelled_and_ready(void)
{
    int ends[2];
    CU_ASSERT_EQUAL_FATAL(pipe2(ends, O_NONBLOCK), 0);
    struct co_context *context = co_context_with_timeout(co_context_background(), CO_CLOCK_MS);
    CU_ASSERT_EQUAL(co_poller_wait(context, ends[0], CO_POLLER_READ), CO_POLLER_CANCELLED);
    CU_ASSERT_EQUAL(co_poller_wait(context, ends[0], CO_POLLER_READ), CO_POLLER_CANCELLED);
    CU_ASSERT_EQUAL(write(ends[1], "xy", 2), 2);
    co_context_release(&context);
    char byte;
    for (int i = 0; i < 2; i++) { /* what was left unread is seen again */
        CU_ASSERT_EQUAL(
            co_poller_wait(co_context_background(), ends[0], CO_POLLER_READ), CO_POLLER_READY);
        CU_ASSERT_EQUAL(read(ends[0], &byte, 1), 1);
    }
    CU_ASSERT_EQUAL(
        co_poller_wait(co_context_background(), ends[1], CO_POLLER_WRITE), CO_POLLER_READY);
    co_poller_forget(ends[1]);
    close(ends[1]);
    CU_ASSERT_EQUAL(
        co_poller_wait(co_context_background(), ends[0], CO_POLLER_READ), CO_POLLER_READY);
    CU_ASSERT_EQUAL(read(ends[0], &byte, 1), 0); /* end of file makes it ready, too */
    co_poller_forget(ends[0]);
    close(ends[0]);
}

static void what_cannot_be_waited_for(void)
{
    errno = 0;
    CU_ASSERT_EQUAL(co_poller_wait(co_context_background(), -1, CO_POLLER_READ), CO_POLLER_FAILED);
    CU_ASSERT_EQUAL(errno, EBADF);
    int file = open("/proc/self/exe", O_RDONLY);
    CU_ASSERT_EQUAL(
        co_poller_wait(co_context_background(), file, CO_POLLER_READ), CO_POLLER_FAILED);
    CU_ASSERT_EQUAL(errno, EPERM);
    close(file);
    co_poller_forget(file);
    co_poller_forget(-1);
}

/* The peer has said all it has to say, but it does not read: a writer must wait for that. */
static void a_half_closed_peer_does_not_wake_a_writer(void)
{
    int ends[2];
    static char full[4096];
    CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    while (write(ends[0], full, sizeof full) > 0)
        continue;
    CU_ASSERT_EQUAL(shutdown(ends[1], SHUT_WR), 0);
    struct co_context *context = co_context_with_timeout(co_context_background(), 5 * CO_CLOCK_MS);
    CU_ASSERT_EQUAL(co_poller_wait(context, ends[0], CO_POLLER_WRITE), CO_POLLER_CANCELLED);
    co_context_release(&context);
    CU_ASSERT_EQUAL(
        co_poller_wait(co_context_background(), ends[0], CO_POLLER_READ), CO_POLLER_READY);
    co_poller_forget(ends[0]);
    close(ends[0]);
    close(ends[1]);
}

struct line {
    int fd;
    struct co_waitgroup *group;
    enum co_poller_status status;
    int error;
};

static void wait_on_line(void *arg)
{
    struct line *line = arg;
    line->status = co_poller_wait(co_context_background(), line->fd, CO_POLLER_READ);
    line->error = errno;
    co_waitgroup_done(line->group);
}

static void only_one_may_wait_and_forget_ends_it(void)
{
    int ends[2];
    CU_ASSERT_EQUAL_FATAL(pipe2(ends, O_NONBLOCK), 0);
    struct co_waitgroup group = {0};
    struct line line = {.fd = ends[0], .group = &group};
    co_waitgroup_add(&group, 1);
    CU_ASSERT(co_spawn(wait_on_line, &line));
    co_sleep(CO_CLOCK_MS);
    CU_ASSERT_EQUAL(
        co_poller_wait(co_context_background(), ends[0], CO_POLLER_READ), CO_POLLER_FAILED);
    CU_ASSERT_EQUAL(errno, EBUSY);
    co_poller_forget(ends[0]);
    co_waitgroup_wait(&group);
    CU_ASSERT_EQUAL(line.status, CO_POLLER_FAILED);
    CU_ASSERT_EQUAL(line.error, EBADF);
    close(ends[0]);
    close(ends[1]);
}

/* Closed without co_poller_forget() and opened again under the same number. */
static void a_number_that_is_used_again(void)
{
    int ends[2], fd;
    for (int i = 0; i < 5; i++) {
        CU_ASSERT_EQUAL_FATAL(pipe2(ends, O_NONBLOCK), 0);
        CU_ASSERT_EQUAL(write(ends[1], "x", 1), 1);
        CU_ASSERT_EQUAL(
            co_poller_wait(co_context_background(), ends[0], CO_POLLER_READ), CO_POLLER_READY);
        fd = ends[0];
        close(ends[0]);
        close(ends[1]);
    }
    co_poller_forget(fd);
}

/* A line of echoes over socket pairs on all workers. */
static void echo(void *arg)
{
    struct line *line = arg;
    char byte;
    for (;;) {
        ssize_t n = read(line->fd, &byte, 1);
        if (n == 0)
            break;
        bool served;
        if (n == 1)
            served = write(line->fd, &byte, 1) == 1;
        else
            served = co_poller_wait(co_context_background(), line->fd, CO_POLLER_READ) ==
                     CO_POLLER_READY;
        CU_ASSERT(served);
    }
    co_poller_forget(line->fd);
    close(line->fd);
    co_waitgroup_done(line->group);
}

static void call(void *arg)
{
    struct line *line = arg;
    struct co_context *context = co_context_with_timeout(co_context_background(), 20 * CO_CLOCK_S);
    for (int i = 0; i < 200; i++) {
        char out = (char)i, in = 0;
        CU_ASSERT_EQUAL(write(line->fd, &out, 1), 1);
        while (read(line->fd, &in, 1) != 1)
            CU_ASSERT_EQUAL_FATAL(
                co_poller_wait(context, line->fd, CO_POLLER_READ), CO_POLLER_READY);
        CU_ASSERT_EQUAL(in, out);
    }
    co_context_release(&context);
    co_poller_forget(line->fd);
    close(line->fd);
    co_waitgroup_done(line->group);
}

enum { LINES = 16 };

static void start_callers(int index, void *arg)
{
    struct line *lines = arg;
    for (int i = 0; i < LINES; i++)
        if (i % co_worker_count() == index)
            CU_ASSERT(co_spawn_local(call, &lines[i]));
}

static void echo_over_sockets(void)
{
    struct line callers[LINES], echoes[LINES];
    struct co_waitgroup group = {0};
    co_waitgroup_add(&group, 2 * LINES);
    for (int i = 0; i < LINES; i++) {
        int ends[2];
        CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
        callers[i] = (struct line){.fd = ends[0], .group = &group};
        echoes[i] = (struct line){.fd = ends[1], .group = &group};
        CU_ASSERT(co_spawn(echo, &echoes[i]));
    }
    co_worker_each(start_callers, callers);
    co_waitgroup_wait(&group);
}

static const struct unit_test tests[] = {
    {"cancelled_and_ready", cancelled_and_ready},
    {"what_cannot_be_waited_for", what_cannot_be_waited_for},
    {"only_one_may_wait_and_forget_ends_it", only_one_may_wait_and_forget_ends_it},
    {"a_half_closed_peer_does_not_wake_a_writer", a_half_closed_peer_does_not_wake_a_writer},
    {"a_number_that_is_used_again", a_number_that_is_used_again},
    {"echo_over_sockets", echo_over_sockets},
    {NULL, NULL},
};

const struct unit_suite suite_poller = {.name = "poller", .tests = tests};
