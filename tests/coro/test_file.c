/* SPDX-License-Identifier: MIT */
#include "coro/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "coro/clock.h"
#include "coro/go.h"
#include "tests/coro/suites.h"

static char folder[40], path[80];

static void with_folder(void (*run)(void))
{
    snprintf(folder, sizeof folder, "/tmp/test-file-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/file", folder);
    run();
    unlink(path);
    CU_ASSERT_EQUAL(rmdir(folder), 0); /* nothing else is left in it */
}

static void bytes_at_places(void)
{
    char text[20];
    int fd = co_file_open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
    CU_ASSERT_FATAL(fd >= 0);
    CU_ASSERT_EQUAL(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CU_ASSERT_EQUAL(co_file_write_at(fd, "world", 5, 6), 5);
    CU_ASSERT_EQUAL(co_file_write_at(fd, "hello ", 6, 0), 6);
    CU_ASSERT_EQUAL(co_file_sync(fd), 0);
    CU_ASSERT_EQUAL(co_file_read_at(fd, text, sizeof text, 0), 11);
    CU_ASSERT_EQUAL(memcmp(text, "hello world", 11), 0);
    CU_ASSERT_EQUAL(co_file_read_at(fd, text, 3, 8), 3);
    CU_ASSERT_EQUAL(memcmp(text, "rld", 3), 0);
    CU_ASSERT_EQUAL(co_file_read_at(fd, text, 3, 11), 0);
    CU_ASSERT_EQUAL(co_file_read_at(fd, text, 3, -1), -1);
    CU_ASSERT_EQUAL(errno, EINVAL);

    CU_ASSERT_EQUAL(co_file_read(fd, text, 5), 5);
    CU_ASSERT_EQUAL(memcmp(text, "hello", 5), 0);
    CU_ASSERT_EQUAL(co_file_write(fd, "!", 1), 1); /* where that ended */
    CU_ASSERT_EQUAL(co_file_read_at(fd, text, sizeof text, 4), 7);
    CU_ASSERT_EQUAL(memcmp(text, "o!world", 7), 0);
    CU_ASSERT_EQUAL(co_file_close(&fd), 0);
    CU_ASSERT_EQUAL(fd, -1);
    CU_ASSERT_EQUAL(co_file_close(&fd), 0); /* again is harmless */
}

static void what_fails(void)
{
    char byte, *data;
    size_t size;
    CU_ASSERT_EQUAL(co_file_open("/nowhere/at/all", O_RDONLY, 0), -1);
    CU_ASSERT_EQUAL(errno, ENOENT);
    CU_ASSERT_EQUAL(co_file_read_at(-1, &byte, 1, 0), -1);
    CU_ASSERT_EQUAL(errno, EBADF);
    CU_ASSERT_EQUAL(co_file_sync(-1), -1);
    CU_ASSERT_EQUAL(errno, EBADF);
    CU_ASSERT_EQUAL(co_file_read_all("/nowhere/at/all", 10, &data, &size), -1);
    CU_ASSERT_EQUAL(errno, ENOENT);
    CU_ASSERT_EQUAL(co_file_read_all("/tmp", 10, &data, &size), -1);
    CU_ASSERT_EQUAL(errno, EISDIR);
    CU_ASSERT_PTR_NULL(data);
    CU_ASSERT_EQUAL(co_file_replace("/nowhere/at/all", "x", 1, 0600), -1);
    CU_ASSERT_EQUAL(errno, ENOENT);
    int fd = co_file_open("/dev/full", O_WRONLY, 0);
    CU_ASSERT_EQUAL(co_file_write(fd, "x", 1), -1);
    CU_ASSERT_EQUAL(errno, ENOSPC);
    CU_ASSERT_EQUAL(co_file_close(&fd), 0);
}

static void reads_as(const char *text, size_t length)
{
    char *data;
    size_t size;
    CU_ASSERT_EQUAL_FATAL(co_file_read_all(path, length, &data, &size), 0);
    CU_ASSERT_EQUAL(size, length);
    CU_ASSERT_EQUAL(memcmp(data, text, length), 0);
    CU_ASSERT_EQUAL(data[size], '\0');
    free(data);
}

static void files_are_replaced_whole(void)
{
    static char large[300000];
    struct stat about;
    char *data;
    size_t size;
    memset(large, 'x', sizeof large);
    CU_ASSERT_EQUAL(co_file_replace(path, "", 0, 0640), 0);
    reads_as("", 0);
    CU_ASSERT_EQUAL(co_file_replace(path, large, sizeof large, 0604), 0);
    reads_as(large, sizeof large);
    CU_ASSERT_EQUAL(stat(path, &about), 0);
    CU_ASSERT_EQUAL(about.st_mode & 07777, 0604);
    CU_ASSERT_EQUAL(co_file_read_all(path, sizeof large - 1, &data, &size), -1);
    CU_ASSERT_EQUAL(errno, EFBIG);
    CU_ASSERT_PTR_NULL(data);

    /* One that cannot take its place leaves the old one, and nothing beside it. */
    char below[100];
    snprintf(below, sizeof below, "%s/file/below", folder);
    CU_ASSERT_EQUAL(co_file_replace(below, "x", 1, 0600), -1);
    CU_ASSERT_EQUAL(errno, ENOTDIR);
    CU_ASSERT_EQUAL(co_file_replace(path, "short", 5, 0600), 0);
    reads_as("short", 5);
}

/* A file whose length nobody can say before it has ended. */
static void files_without_a_length(void)
{
    char *data;
    size_t size;
    CU_ASSERT_EQUAL_FATAL(co_file_read_all("/proc/self/status", 1 << 20, &data, &size), 0);
    CU_ASSERT(size > 0 && strlen(data) == size && strstr(data, "Threads:"));
    free(data);
}

CO_GO_FUNCTION(read_slowly, (_Atomic int *, fd), (char *, text), (_Atomic ssize_t *, got))
{
    *fd = co_file_open(path, O_RDONLY, 0); /* waits for somebody who writes */
    CU_ASSERT(*fd >= 0);
    *got = co_file_read(*fd, text, 20);
}

/* A FIFO blocks whoever opens or reads it: a thread, and no worker, of which there is one. */
static void others_go_on(void)
{
    struct co_waitgroup reader = {0};
    char text[20] = "";
    _Atomic int fd = -1;
    _Atomic ssize_t got = -1;
    CU_ASSERT_EQUAL_FATAL(mkfifo(path, 0600), 0);
    CU_ASSERT(co_waitgroup_go(&reader, read_slowly, &fd, text, &got));
    co_sleep(5 * CO_CLOCK_MS); /* the worker is free for this */
    CU_ASSERT_EQUAL(fd, -1);
    int writer = co_file_open(path, O_WRONLY, 0);
    CU_ASSERT_FATAL(writer >= 0);
    co_sleep(5 * CO_CLOCK_MS);
    CU_ASSERT_EQUAL(got, -1);
    CU_ASSERT_EQUAL(co_file_write(writer, "slowly", 6), 6);
    co_waitgroup_wait(&reader);
    CU_ASSERT_EQUAL(got, 6);
    CU_ASSERT_STRING_EQUAL(text, "slowly");
    CU_ASSERT_EQUAL(co_file_close(&writer), 0);
    int reading = fd;
    CU_ASSERT_EQUAL(co_file_read(reading, text, sizeof text), 0);
    CU_ASSERT_EQUAL(co_file_close(&reading), 0);
}

static void places(void)
{
    with_folder(bytes_at_places);
}

static void replaced(void)
{
    with_folder(files_are_replaced_whole);
}

static void slow(void)
{
    with_folder(others_go_on);
}

static const struct unit_test tests[] = {
    {"places", places},
    {"what_fails", what_fails},
    {"replaced", replaced},
    {"files_without_a_length", files_without_a_length},
    {"slow", slow},
    {NULL, NULL},
};

const struct unit_suite suite_file = {.name = "file", .workers = 1, .tests = tests};
