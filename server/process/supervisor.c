/* SPDX-License-Identifier: MIT */
#include "server/process/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "coro/clock.h"

enum { MESSAGE = 1200, PATIENCE_MS = 100 };

/* Written before other threads run. */
static struct {
    int fd; /* -1: nobody wants to be told */
    struct sockaddr_un address;
    socklen_t address_length;
    int64_t watchdog_ns;
    int sockets;
} told = {.fd = -1};

/* A whole number that is above 0; 0: there is none. */
static int64_t number_of(const char *variable)
{
    const char *text = getenv(variable);
    char *end;
    errno = 0;
    long long number = text ? strtoll(text, &end, 10) : 0;
    return text && *text && !*end && errno == 0 && number > 0 ? number : 0;
}

/* "/run/systemd/notify", or "@name" in the abstract space. */
static void open_socket(const char *path)
{
    size_t length = path ? strlen(path) : 0;
    if (length < 2 || length >= sizeof told.address.sun_path || (*path != '/' && *path != '@'))
        return;
    told.address.sun_family = AF_UNIX;
    memcpy(told.address.sun_path, path, length);
    if (*path == '@')
        told.address.sun_path[0] = '\0';
    told.address_length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    told.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* Meant for us, and not for the one that started us, whose environment we may have? */
static bool is_ours(const char *variable)
{
    return number_of(variable) == getpid();
}

void supervisor_begin(void)
{
    static const char *const variables[] = {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID",
        "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"};
    open_socket(getenv("NOTIFY_SOCKET"));
    if (told.fd >= 0 && (!getenv("WATCHDOG_PID") || is_ours("WATCHDOG_PID")))
        told.watchdog_ns = number_of("WATCHDOG_USEC") * 1000;
    int64_t count = is_ours("LISTEN_PID") ? number_of("LISTEN_FDS") : 0;
    told.sockets = (int)(count > SUPERVISOR_SOCKETS_MAX ? SUPERVISOR_SOCKETS_MAX + 1 : count);
    for (int i = 0; i < told.sockets; i++)
        (void)fcntl(SUPERVISOR_FIRST_SOCKET + i, F_SETFD, FD_CLOEXEC);
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
        unsetenv(variables[i]);
}

bool supervisor_listens(void)
{
    return told.fd >= 0;
}

int64_t supervisor_watchdog_ns(void)
{
    return told.watchdog_ns;
}

int supervisor_sockets(void)
{
    return told.sockets;
}

/* A line each. One that nobody takes for so long is left out: the service goes on. */
static void tell(const char *lines)
{
    struct pollfd room = {.fd = told.fd, .events = POLLOUT};
    const struct sockaddr *address = (const struct sockaddr *)&told.address;
    if (told.fd < 0)
        return;
    for (int tries = 0; tries < 2; tries++) {
        if (sendto(told.fd, lines, strlen(lines), MSG_NOSIGNAL, address, told.address_length) >= 0)
            return;
        if (errno != EAGAIN || poll(&room, 1, PATIENCE_MS) <= 0)
            return;
    }
}

/* The status is one line. */
static void tell_with_status(const char *before, const char *status)
{
    char lines[MESSAGE];
    snprintf(lines, sizeof lines, "%sSTATUS=%s", before, status);
    for (char *c = lines + strlen(before); *c; c++)
        *c = *c == '\n' ? ' ' : *c;
    tell(lines);
}

void supervisor_ready(const char *status)
{
    tell_with_status("READY=1\n", status);
}

void supervisor_status(const char *status)
{
    tell_with_status("", status);
}

void supervisor_reloading(void)
{
    char lines[MESSAGE];
    snprintf(lines, sizeof lines, "RELOADING=1\nMONOTONIC_USEC=%lld",
        (long long)(co_clock_now_ns() / 1000));
    tell(lines);
}

void supervisor_stopping(void)
{
    tell_with_status("STOPPING=1\n", "stopping: what was accepted is answered first");
}

void supervisor_alive(void)
{
    tell("WATCHDOG=1");
}
