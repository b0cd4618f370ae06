/* SPDX-License-Identifier: MIT */
/*
 * A child process that a coroutine can wait for: the coroutine parks on the child's pidfd, the
 * thread goes on.
 */
#ifndef SERVER_POSTGRES_PROCESS_H
#define SERVER_POSTGRES_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "coro/context.h"

struct process {
    pid_t pid; /* 0: none */
    int pidfd;
};

enum { PROCESS_FOLDER_FD = 3 };
#define PROCESS_FOLDER "/proc/self/fd/3" /* how the child names folder_fd */

/*
 * Start argv[0] (a path, or a name to be found along PATH) in a process group of its own, with
 * nothing on stdin, stdout and stderr on output_fd, no signal blocked, and folder_fd open. Other
 * descriptors must be close-on-exec. 0, or an errno. Never parks.
 */
MUST_CHECK int process_start(
    struct process *process, const char *const argv[], int output_fd, int folder_fd);

enum process_status { PROCESS_ENDED, PROCESS_RUNNING /* the context ended first */ };

/* Park until it has ended; then its wait status is in *status and it is forgotten (pid 0). */
MUST_CHECK enum process_status process_wait(
    struct context *context, struct process *process, int *status);

void process_signal(const struct process *process, int signal);

/* "ended with code 1", "was killed by signal 9": for messages. */
void process_describe(int status, char text[40]);

#endif
