/* SPDX-License-Identifier: MIT */
/* Memory goes on to glibc's own names for it, mmap() to the system: dlsym() itself needs both. */
#include "tests/faults/shim.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

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
    if (left > 0 || (left < 0 && !control->forever))
        return false;
    control->failed++;
    return true;
}

static __thread bool spared; /* glibc itself dies when it looks an account up without memory */

static bool no_memory(void)
{
    if (spared || !fails(SHIM_MEMORY))
        return false;
    errno = ENOMEM;
    return true;
}

/* strdup(), getline(), vasprintf() and their like ask malloc() and realloc(). */
void *malloc(size_t size)
{
    return no_memory() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return no_memory() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    return no_memory() ? NULL : __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return no_memory() ? NULL : __libc_memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    void *got = no_memory() ? NULL : __libc_memalign(alignment, size);
    if (got)
        *out = got;
    return got ? 0 : ENOMEM;
}

void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
    if (fails(SHIM_MAPPING)) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    return (void *)syscall(SYS_mmap, address, length, protection, flags, fd, offset); /* NOLINT */
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

#define SHIM_ACCOUNT(name, type)                                                                   \
    int name(type who, struct passwd *entry, char *text, size_t size, struct passwd **found)       \
    {                                                                                              \
        int (*real)(type, struct passwd *, char *, size_t, struct passwd **) = (int (*)(           \
            type, struct passwd *, char *, size_t, struct passwd **))dlsym(RTLD_NEXT, #name);      \
        spared = true;                                                                             \
        int error = real(who, entry, text, size, found);                                           \
        spared = false;                                                                            \
        return error;                                                                              \
    }
SHIM_ACCOUNT(getpwnam_r, const char *)
SHIM_ACCOUNT(getpwuid_r, uid_t)

/* What libpq answers by itself, as its ExecStatusType says. */
enum { COMMAND_OK = 1, TUPLES_OK = 2, FATAL_ERROR = 7 };

static void *empty_result(void *conn, int status)
{
    void *(*make)(void *, int) = (void *(*)(void *, int))dlsym(RTLD_NEXT, "PQmakeEmptyPGresult");
    return make(conn, status);
}

static void *without_rows(void *conn, void *result)
{
    int (*status)(void *) = (int (*)(void *))dlsym(RTLD_NEXT, "PQresultStatus");
    void (*clear)(void *) = (void (*)(void *))dlsym(RTLD_NEXT, "PQclear");
    if (status(result) != TUPLES_OK || !fails(SHIM_ROWS))
        return result;
    clear(result);
    return empty_result(conn, COMMAND_OK);
}

void *PQgetResult(void *conn);
void *PQgetResult(void *conn)
{
    static void *(*_Atomic real)(void *);
    if (fails(SHIM_PQgetResult)) /* as when it has no memory for more: an error without a code */
        return empty_result(conn, FATAL_ERROR);
    if (!real)
        real = (void *(*)(void *))dlsym(RTLD_NEXT, "PQgetResult");
    void *result = real(conn);
    return control && control->call == SHIM_ROWS ? without_rows(conn, result) : result;
}

/* A function of libpq, declared here as far as the machine cares, and what it returns to say that
 * it failed. */
#define SHIM(type, name, failure, parameters, arguments)                                           \
    type name parameters;                                                                          \
    type name parameters                                                                           \
    {                                                                                              \
        static type(*_Atomic real) parameters;                                                     \
        if (fails(SHIM_##name))                                                                    \
            return (failure);                                                                      \
        if (!real)                                                                                 \
            real = (type(*) parameters)dlsym(RTLD_NEXT, #name);                                    \
        return real arguments;                                                                     \
    }

SHIM(int, PQsendQuery, 0, (void *conn, const char *sql), (conn, sql))
SHIM(int, PQsendQueryPrepared, 0,
    (void *conn, const char *name, int count, const char *const *values, const int *lengths,
        const int *formats, int format),
    (conn, name, count, values, lengths, formats, format))
SHIM(int, PQflush, -1, (void *conn), (conn))
SHIM(int, PQconsumeInput, 0, (void *conn), (conn))
SHIM(int, PQputCopyData, -1, (void *conn, const char *bytes, int size), (conn, bytes, size))
SHIM(int, PQputCopyEnd, -1, (void *conn, const char *error), (conn, error))
SHIM(void *, PQconnectStartParams, NULL,
    (const char *const *names, const char *const *values, int expand), (names, values, expand))
SHIM(void *, PQconninfo, NULL, (void *conn), (conn))
SHIM(char *, PQescapeIdentifier, NULL, (void *conn, const char *name, size_t length),
    (conn, name, length))
SHIM(int, PQconnectPoll, 0, (void *conn), (conn))
SHIM(int, PQsetnonblocking, -1, (void *conn, int on), (conn, on))
SHIM(int, PQsendPrepare, 0,
    (void *conn, const char *name, const char *sql, int count, const void *types),
    (conn, name, sql, count, types))
SHIM(int, PQgetCopyData, -2, (void *conn, char **piece, int async), (conn, piece, async))
