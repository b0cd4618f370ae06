/* SPDX-License-Identifier: MIT */
/*
 * Files. The kernel makes whoever touches one wait for the disk and knows no readiness for it, so
 * each call runs on a thread of blocking.h, and the coroutine parks until it has returned.
 *
 * Nothing ends a call early, no context and no deadline: a disk that does not answer, or a FIFO
 * that nobody writes to, holds one of those 16 threads until it does. What can be waited for, a
 * socket or a pipe, belongs to net.h and poller.h.
 *
 * A call that fails returns -1 with the errno of its system call, ENOMEM, or what is said there.
 * Calls on one descriptor may run concurrently. Only from coroutines. All park.
 */
#ifndef CORO_FILE_H
#define CORO_FILE_H

#include <stddef.h>
#include <sys/types.h>

#include "coro/ensure.h"
#include "coro/language.h"

CO_C_BEGIN

/* As open(2); close-on-exec. `mode` counts for a file that is created (O_CREAT). A descriptor,
 * which goes back with co_file_close(). */
CO_MUST_CHECK int co_file_open(const char *path, int flags, mode_t mode);

/* Close it, whatever comes of it, and set it to -1. 0, or -1: what was written may be lost, as a
 * file system over the network can say so late. */
int co_file_close(int *fd);

/* `size` bytes from the place `at`; fewer, down to 0, only at the end of the file. */
CO_MUST_CHECK ssize_t co_file_read_at(int fd, void *buffer, size_t size, off_t at);

/* All of it, or -1: then some of it may have been written. */
CO_MUST_CHECK ssize_t co_file_write_at(int fd, const void *data, size_t size, off_t at);

/* As read(2), where the last one ended: 1 to `size` bytes, or 0 at the end. For what has no places:
 * the standard input, a FIFO. */
CO_MUST_CHECK ssize_t co_file_read(int fd, void *buffer, size_t size);

/* As co_file_write_at(), where the last one ended. */
CO_MUST_CHECK ssize_t co_file_write(int fd, const void *data, size_t size);

/* 0: what was written to it is on the disk. After a failure it may be lost, also if a later call
 * succeeds. */
CO_MUST_CHECK int co_file_sync(int fd);

/* All of a file: 0 with its `size` bytes and a zero behind them, to be freed with free(); a file of
 * more than `size_max` bytes is EFBIG. */
CO_MUST_CHECK int co_file_read_all(const char *path, size_t size_max, char **data, size_t *size);

/*
 * Let a file consist of these bytes, with these permissions whatever the umask. Whoever opens it
 * meets the old ones whole or the new ones whole, also after a crash or a loss of power; when this
 * has returned 0, the new ones. The new file is made beside it: a link is replaced, not what it
 * leads to.
 */
CO_MUST_CHECK int co_file_replace(const char *path, const void *data, size_t size, mode_t mode);

CO_C_END

#endif
