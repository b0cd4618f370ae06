/* SPDX-License-Identifier: MIT */
/* Each call is a job, whose memory is the stack of the coroutine that waits for it. */
#include "coro/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "coro/blocking.h"

enum { NO_PLACE = -1, READ_FIRST = 4096 };

struct job {
    const char *path;
    int fd, flags;
    mode_t mode;
    void *buffer; /* not written to by those that write */
    size_t size;
    off_t at; /* NO_PLACE: where the last one ended */
    ssize_t result;
    int error; /* errno, where the result is -1 */
};

/* Park until fn(job) has run; its result, with errno. */
static ssize_t run(void (*fn)(void *job), struct job *job)
{
    co_blocking_call(fn, job);
    if (job->result < 0)
        errno = job->error;
    return job->result;
}

/* On a thread of the pool: what errno says there is lost otherwise. */
static void ended(struct job *job, ssize_t result)
{
    job->result = result;
    job->error = result < 0 ? errno : 0;
}

/* --- open and close --------------------------------------------------------------------------- */

static int open_again(const char *path, int flags, mode_t mode)
{
    int fd;
    do /* a FIFO that waits for its other end can be interrupted */
        fd = open(path, flags | O_CLOEXEC, mode);
    while (fd < 0 && errno == EINTR);
    return fd;
}

static void run_open(void *arg)
{
    struct job *job = arg;
    ended(job, open_again(job->path, job->flags, job->mode));
}

int co_file_open(const char *path, int flags, mode_t mode)
{
    struct job job = {.path = path, .flags = flags, .mode = mode};
    return (int)run(run_open, &job);
}

static void run_close(void *arg)
{
    struct job *job = arg;
    ended(job, close(job->fd));
}

int co_file_close(int *fd)
{
    struct job job = {.fd = *fd};
    if (*fd < 0)
        return 0;
    *fd = -1;
    return (int)run(run_close, &job);
}

static void run_sync(void *arg)
{
    struct job *job = arg;
    ended(job, fsync(job->fd));
}

int co_file_sync(int fd)
{
    struct job job = {.fd = fd};
    return (int)run(run_sync, &job);
}

/* --- bytes ------------------------------------------------------------------------------------ */

static ssize_t read_once(const struct job *job, size_t done)
{
    char *into = (char *)job->buffer + done;
    size_t size = job->size - done;
    ssize_t n;
    do
        n = job->at == NO_PLACE ? read(job->fd, into, size)
                                : pread(job->fd, into, size, job->at + (off_t)done);
    while (n < 0 && errno == EINTR);
    return n;
}

static ssize_t write_once(const struct job *job, size_t done)
{
    const char *from = (const char *)job->buffer + done;
    size_t size = job->size - done;
    ssize_t n;
    do
        n = job->at == NO_PLACE ? write(job->fd, from, size)
                                : pwrite(job->fd, from, size, job->at + (off_t)done);
    while (n < 0 && errno == EINTR);
    return n;
}

/* Until all is done, or a call fails or makes no progress. */
static void run_all(struct job *job, ssize_t (*once)(const struct job *job, size_t done))
{
    size_t done = 0;
    while (done < job->size) {
        ssize_t n = once(job, done);
        if (n < 0)
            ended(job, -1);
        if (n < 0)
            return;
        if (n == 0)
            break;
        done += (size_t)n;
    }
    ended(job, (ssize_t)done);
}

static void run_read_at(void *arg)
{
    run_all(arg, read_once);
}

static void run_write(void *arg)
{
    run_all(arg, write_once);
}

static void run_read(void *arg)
{
    struct job *job = arg;
    ended(job, read_once(job, 0));
}

/* What could not be told by the result, or is no place. */
static bool is_wrong(size_t size, off_t at)
{
    if (size <= SSIZE_MAX && at >= 0)
        return false;
    errno = EINVAL;
    return true;
}

ssize_t co_file_read_at(int fd, void *buffer, size_t size, off_t at)
{
    struct job job = {.fd = fd, .buffer = buffer, .size = size, .at = at};
    return is_wrong(size, at) ? -1 : run(run_read_at, &job);
}

ssize_t co_file_write_at(int fd, const void *data, size_t size, off_t at)
{
    struct job job = {.fd = fd, .buffer = (void *)(uintptr_t)data, .size = size, .at = at};
    return is_wrong(size, at) ? -1 : run(run_write, &job);
}

ssize_t co_file_read(int fd, void *buffer, size_t size)
{
    struct job job = {.fd = fd, .buffer = buffer, .size = size, .at = NO_PLACE};
    return is_wrong(size, 0) ? -1 : run(run_read, &job);
}

ssize_t co_file_write(int fd, const void *data, size_t size)
{
    struct job job = {.fd = fd, .buffer = (void *)(uintptr_t)data, .size = size, .at = NO_PLACE};
    return is_wrong(size, 0) ? -1 : run(run_write, &job);
}

/* --- whole files ------------------------------------------------------------------------------ */

static bool grow(struct job *job, size_t capacity)
{
    char *larger = realloc(job->buffer, capacity);
    if (!larger) {
        errno = ENOMEM;
        return false;
    }
    job->buffer = larger;
    return true;
}

/* How long it is cannot be known before its end: a file may grow, and those of /proc say 0. */
static bool read_to_end(struct job *job, size_t size_max)
{
    struct stat about;
    size_t used = 0, capacity = READ_FIRST;
    if (fstat(job->fd, &about) == 0 && about.st_size > 0 && (size_t)about.st_size <= size_max)
        capacity = (size_t)about.st_size + 2; /* a zero, and a byte that shows that it has grown */
    for (job->at = NO_PLACE; grow(job, capacity); capacity *= 2)
        for (;;) {
            job->size = capacity - 1;
            ssize_t n = read_once(job, used);
            if (n < 0)
                return false;
            used += (size_t)n;
            if (used > size_max) {
                errno = EFBIG;
                return false;
            }
            if (n == 0) {
                ((char *)job->buffer)[used] = '\0';
                job->size = used;
                return true;
            }
            if (used == job->size)
                break;
        }
    return false;
}

static void run_read_all(void *arg)
{
    struct job *job = arg;
    size_t size_max = job->size;
    job->fd = open_again(job->path, O_RDONLY, 0);
    if (job->fd < 0) {
        ended(job, -1);
        return;
    }
    ended(job, read_to_end(job, size_max) ? 0 : -1);
    close(job->fd);
}

int co_file_read_all(const char *path, size_t size_max, char **data, size_t *size)
{
    struct job job = {.path = path, .size = size_max};
    *data = NULL;
    *size = 0;
    if (run(run_read_all, &job) < 0) {
        free(job.buffer);
        errno = job.error;
        return -1;
    }
    *data = job.buffer;
    *size = job.size;
    return 0;
}

/* The names in a folder are on the disk. */
static int sync_folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, slash > path ? (size_t)(slash - path) : 1) : strdup(".");
    if (!folder)
        return -1;
    int fd = open_again(folder, O_RDONLY | O_DIRECTORY, 0);
    free(folder);
    if (fd < 0)
        return -1;
    int result = fsync(fd), error = errno;
    close(fd);
    errno = error;
    return result;
}

/* Written, on the disk, and closed: only then does it get its name. */
static bool write_fresh(struct job *job, const char *fresh)
{
    run_all(job, write_once);
    bool good = job->result == (ssize_t)job->size;
    errno = job->error;
    good = good && fchmod(job->fd, job->mode) == 0 && fsync(job->fd) == 0;
    int error = errno;
    if (close(job->fd) < 0 && good)
        return false;
    errno = error;
    return good && rename(fresh, job->path) == 0;
}

static bool replace(struct job *job, char *fresh)
{
    job->fd = mkostemp(fresh, O_CLOEXEC);
    if (job->fd < 0)
        return false;
    if (write_fresh(job, fresh))
        return sync_folder_of(job->path) == 0;
    int error = errno;
    unlink(fresh);
    errno = error;
    return false;
}

static void run_replace(void *arg)
{
    struct job *job = arg;
    char *fresh = NULL;
    if (asprintf(&fresh, "%s.XXXXXX", job->path) < 0)
        fresh = NULL; /* and errno says ENOMEM */
    ended(job, fresh && replace(job, fresh) ? 0 : -1);
    free(fresh);
}

int co_file_replace(const char *path, const void *data, size_t size, mode_t mode)
{
    struct job job = {.path = path,
        .buffer = (void *)(uintptr_t)data,
        .size = size,
        .at = NO_PLACE,
        .mode = mode};
    return is_wrong(size, 0) ? -1 : (int)run(run_replace, &job);
}
