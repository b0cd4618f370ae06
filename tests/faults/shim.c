/* SPDX-License-Identifier: MIT */
#include "tests/faults/shim.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static struct shim_control *control;

__attribute__((constructor)) static void shim_load(void)
{
    const char *path = getenv(SHIM_VARIABLE);
    if (!path || strcmp(program_invocation_short_name, "teller") != 0)
        return;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    void *mapped = fd < 0 ? MAP_FAILED
                          : mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (mapped == MAP_FAILED)
        _exit(3);
    close(fd);
    control = mapped;
}

static bool fails(enum shim_call call)
{
    if (!control || control->call != (int)call)
        return false;
    long left = atomic_fetch_sub(&control->countdown, 1) - 1;
    if (left > 0 || (left < 0 && !control->for_ever))
        return false;
    control->failed++;
    return true;
}

int clock_gettime(clockid_t clock, struct timespec *time)
{
    static int (*_Atomic real)(clockid_t, struct timespec *);
    if (!real)
        real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int status = real(clock, time);
    if (control && clock == CLOCK_REALTIME)
        time->tv_sec += control->clock_offset_s;
    return status;
}

/* A function of libpq, declared here as far as the machine cares, and what it returns to say that
 * it failed. */
#define SHIM(type, name, call, failure, parameters, arguments)                                     \
    type name parameters;                                                                          \
    type name parameters                                                                           \
    {                                                                                              \
        static type(*_Atomic real) parameters;                                                     \
        if (fails(call))                                                                           \
            return (failure);                                                                      \
        if (!real)                                                                                 \
            real = (type(*) parameters)dlsym(RTLD_NEXT, #name);                                    \
        return real arguments;                                                                     \
    }

SHIM(int, PQsendQuery, SHIM_SEND_QUERY, 0, (void *conn, const char *sql), (conn, sql))
SHIM(int, PQsendQueryPrepared, SHIM_SEND_PREPARED, 0,
    (void *conn, const char *name, int count, const char *const *values, const int *lengths,
        const int *formats, int format),
    (conn, name, count, values, lengths, formats, format))
SHIM(int, PQflush, SHIM_FLUSH, -1, (void *conn), (conn))
SHIM(int, PQconsumeInput, SHIM_CONSUME_INPUT, 0, (void *conn), (conn))
SHIM(int, PQputCopyData, SHIM_PUT_DATA, -1, (void *conn, const char *bytes, int size),
    (conn, bytes, size))
SHIM(int, PQputCopyEnd, SHIM_PUT_END, -1, (void *conn, const char *error), (conn, error))
SHIM(void *, PQconnectStart, SHIM_CONNECT_START, NULL, (const char *conninfo), (conninfo))
SHIM(int, PQconnectPoll, SHIM_CONNECT_POLL, 0, (void *conn), (conn))
SHIM(int, PQsetnonblocking, SHIM_SET_NONBLOCKING, -1, (void *conn, int on), (conn, on))
SHIM(int, PQsendPrepare, SHIM_SEND_PREPARE, 0,
    (void *conn, const char *name, const char *sql, int count, const void *types),
    (conn, name, sql, count, types))
