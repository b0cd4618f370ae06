/* SPDX-License-Identifier: MIT */
/*
 * A child process that a coroutine can wait for: the coroutine parks on the child's pidfd, the
 * thread goes on. Started by posix_spawn(), which shares our memory until the child is its own
 * program: nothing is allocated between the two, and no other thread can hold a lock that it needs.
 */
#ifndef SERVER_PROCESS_PROCESS_H
#define SERVER_PROCESS_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "coro/context.h"

struct process {
    pid_t pid; /* 0: none */
    int pidfd;
    uint64_t peak_kib, processor_us; /* what it had used, once it has ended */
};

/* The descriptors of a child, 0 first; they must be above 2 here, or stand at their own number. */
enum { PROCESS_DESCRIPTORS = 4, PROCESS_NULL = -1 /* reads nothing */ };

/* The fourth, if it is a folder: how the child names it. */
#define PROCESS_FOLDER "/proc/self/fd/3"

struct process_plan {
    const char *const *argv;        /* argv[0] is a path, or a name to be found along PATH */
    const char *const *environment; /* NULL: ours */
    int descriptors[PROCESS_DESCRIPTORS];
    size_t descriptor_count;
};

/* Of a program that works in a folder: nothing to read, and all that it writes goes one way. */
static inline struct process_plan process_in_folder(
    const char *const argv[], int output_fd, int folder_fd)
{
    return (struct process_plan){.argv = argv,
        .descriptors = {PROCESS_NULL, output_fd, output_fd, folder_fd},
        .descriptor_count = 4};
}

/*
 * Start it in a process group of its own, in the folder "/", with no signal blocked or ignored. Our
 * other descriptors must be close-on-exec. 0, or an errno. Never parks.
 */
CO_MUST_CHECK int process_start(struct process *process, const struct process_plan *plan);

enum process_status { PROCESS_ENDED, PROCESS_RUNNING /* the context ended first */ };

/* Park until it has ended; then its wait status is in *status and it is forgotten (pid 0). */
CO_MUST_CHECK enum process_status process_wait(
    struct co_context *context, struct process *process, int *status);

void process_signal(const struct process *process, int signal);

/* "ended with code 1", "was killed by signal 9": for messages. */
void process_describe(int status, char text[40]);

#endif
